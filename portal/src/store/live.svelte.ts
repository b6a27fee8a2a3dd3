// Live values: streams shared by all who show them, written to the page by one flush four times a second.

import type { ISubscription } from "@microsoft/signalr";
import { parse } from "../lib/format.ts";
import type {
  AccountDataEntry,
  ChainDataEntry,
  ComboContractsDataEntry,
  ComboLeg,
  DataHub,
  DataProviderType,
  LiveUnderlying,
  PositionDataEntry,
  StreamChainDataArgs,
  UnderlyingDataEntry,
} from "../wire/types.ts";
import { clock } from "./clock.svelte.ts";
import { data } from "./hubs.svelte.ts";

const FLUSH_MS = 250;
const RETRY_MS = 2000;
export const STALE_MS = 5_000;
export const DEAD_MS = 30_000;

interface Stamped {
  SnapshotTime?: string | null;
  MarkAgeMs?: number | null;
}

/** One live value: what came last, when, and why there is none. */
export class Live<T> {
  value = $state.raw<T | null>(null);
  /** Wall time of receipt, in milliseconds. */
  at = $state(0);
  problem = $state<string | null>(null);

  waiting: T | null = null;
  waitingAt = 0;
  users = 0;
  subscription: ISubscription<unknown> | null = null;
  open: () => void = () => undefined;
}

const streams = new Map<string, Live<unknown>>();
const changed = new Set<Live<unknown>>();
let timer: ReturnType<typeof setTimeout> | null = null;

function flush(): void {
  timer = null;
  if (document.hidden) return;
  for (const live of changed) {
    live.value = live.waiting;
    live.at = live.waitingAt;
    live.problem = null;
  }
  changed.clear();
}

function schedule(): void {
  timer ??= setTimeout(flush, FLUSH_MS);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) flush();
});

function timesOf(item: unknown): void {
  const { At } = item as { At?: unknown };
  if (typeof At === "string") clock.observe(parse(At));
  for (const block of Object.values(item as Record<string, Stamped | null>)) {
    if (block && typeof block.SnapshotTime === "string") {
      clock.observe(parse(block.SnapshotTime));
      return;
    }
  }
}

data.onState((state) => {
  if (state === "connected") {
    for (const live of streams.values()) {
      live.subscription = null;
      live.open();
    }
  }
});

type StreamMethod = { [K in keyof DataHub]: K extends `Stream${string}` ? K : never }[keyof DataHub];

/** Share a stream: the first user opens it, the last one's `release` ends it. */
function share<K extends StreamMethod>(method: K, args: DataHub[K]["args"]): [Live<DataHub[K]["result"]>, () => void] {
  const key = method + JSON.stringify(args);
  let live = streams.get(key) as Live<DataHub[K]["result"]> | undefined;
  if (!live) {
    const made = new Live<DataHub[K]["result"]>();
    let again: ReturnType<typeof setTimeout> | undefined;
    made.open = () => {
      clearTimeout(again);
      if (made.users === 0 || made.subscription) return;
      made.subscription = data.stream(
        method,
        args,
        (item) => {
          made.waiting = item;
          made.waitingAt = Date.now();
          timesOf(item);
          if (made.at === 0) {
            // The first value is shown at once; only changes wait for the flush.
            made.value = item;
            made.at = made.waitingAt;
            made.problem = null;
          } else {
            changed.add(made as Live<unknown>);
            schedule();
          }
        },
        (problem) => {
          made.subscription = null;
          made.problem = problem ?? "the server ended this stream";
          again = setTimeout(made.open, RETRY_MS);
        },
      );
    };
    live = made;
    streams.set(key, made as Live<unknown>);
  }
  live.users += 1;
  live.open();
  const shared = live;
  let released = false;
  return [
    shared,
    () => {
      if (released) return;
      released = true;
      shared.users -= 1;
      // A page change often asks for the same stream again: end it only when nobody came back.
      setTimeout(() => {
        if (shared.users > 0 || streams.get(key) !== (shared as Live<unknown>)) return;
        streams.delete(key);
        shared.subscription?.dispose();
        shared.subscription = null;
      }, 500);
    },
  ];
}

/** Use a stream in a component: opened by the effect, ended when the arguments change or the component goes. */
function use<K extends StreamMethod>(method: K, args: () => DataHub[K]["args"] | null): { readonly live: Live<DataHub[K]["result"]> | null } {
  let live = $state.raw<Live<DataHub[K]["result"]> | null>(null);
  const text = $derived(JSON.stringify(args()));
  $effect(() => {
    if (text === "null" || text === undefined) {
      live = null;
      return undefined;
    }
    const [shared, release] = share(method, JSON.parse(text) as DataHub[K]["args"]);
    live = shared;
    return release;
  });
  return {
    get live() {
      return live;
    },
  };
}

export type LiveValue<T> = { readonly live: Live<T> | null };

/** Mark, greeks and PnL of a position, and the greeks of its legs: what a row of the monitor shows. */
export function usePosition(id: () => number | null, withLegs = false): LiveValue<PositionDataEntry> {
  return use("StreamPositionData", () => {
    const PositionId = id();
    if (PositionId === null) return null;
    return {
      PositionId,
      PriceFields: withLegs ? "All" : "Mark",
      GreekFields: "Mark",
      PnlFields: "Mark",
      IncludePosition: "All",
      IncludeLegs: withLegs ? "All" : "Greeks",
      IncludeLegGroups: withLegs ? "Prices" : "None",
    };
  });
}

export function useUnderlying(
  underlying: () => LiveUnderlying | null,
  provider: () => DataProviderType | null,
): LiveValue<UnderlyingDataEntry> {
  return use("StreamUnderlyingData", () => {
    const Underlying = underlying();
    const Provider = provider();
    return Underlying && Provider ? { Underlying, Provider } : null;
  });
}

export function useCombo(combo: () => ComboLeg[] | null, provider: () => DataProviderType | null): LiveValue<ComboContractsDataEntry> {
  return use("StreamComboContractsData", () => {
    const Combo = combo();
    const Provider = provider();
    return Combo?.length && Provider ? { Combo, Provider, GreekFields: "Mark" } : null;
  });
}

/** A window of strikes of an expiration: one stream for all its contracts. */
export function useChain(args: () => StreamChainDataArgs | null): LiveValue<ChainDataEntry> {
  return use("StreamChainData", args);
}

/** The figures of accounts: value, margin, PnL of the day and greeks, as they change. */
export function useAccounts(ids: () => readonly string[]): { readonly of: (id: string) => AccountDataEntry | null } {
  let shared = $state.raw<ReadonlyMap<string, Live<AccountDataEntry>>>(new Map());
  const text = $derived(ids().join("\n"));
  $effect(() => {
    const made = new Map<string, Live<AccountDataEntry>>();
    const releases: (() => void)[] = [];
    for (const id of text ? text.split("\n") : []) {
      const [live, release] = share("StreamAccountData", { BrokerAccountId: id });
      made.set(id, live);
      releases.push(release);
    }
    shared = made;
    return () => {
      for (const release of releases) release();
    };
  });
  return { of: (id) => shared.get(id)?.value ?? null };
}

/** How old a block's mark is now: its age when it was sent, and the time since. */
export function ageOf(block: Stamped | null | undefined, receivedAt: number, now: number): number | null {
  if (!block || receivedAt === 0) return null;
  if (block.MarkAgeMs === null || block.MarkAgeMs === undefined) return null;
  return block.MarkAgeMs + Math.max(0, now - receivedAt);
}

/**
 * How old the youngest of several quotes is: the age of the feed. A far strike may rightly keep its quote for a minute;
 * when no quote of a position changes, the feed stands still and its values are old.
 */
export function feedAge(blocks: readonly (Stamped | null | undefined)[], receivedAt: number, now: number): number | null {
  const ages = blocks.map((block) => ageOf(block, receivedAt, now)).filter((age): age is number => age !== null);
  return ages.length ? Math.min(...ages) : null;
}

export function freshness(age: number | null): "" | "stale" | "dead" {
  if (age === null || age < STALE_MS) return "";
  return age < DEAD_MS ? "stale" : "dead";
}
