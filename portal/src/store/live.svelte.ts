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
import { Gathered } from "./gathered.ts";
import { data } from "./hubs.svelte.ts";

const FLUSH_MS = 250;
const RETRY_MS = 2000;
export const STALE_MS = 5_000;
export const DEAD_MS = 30_000;
/** Positions of one stream at most. */
const MAX_POSITIONS = 500;
const ROW_FIELDS = {
  PriceFields: "Mark",
  GreekFields: "Mark",
  PnlFields: "Mark",
  IncludePosition: "All",
  IncludeLegs: "Greeks",
  IncludeLegGroups: "None",
} as const;

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
  again: ReturnType<typeof setTimeout> | undefined = undefined;

  /** An item has come. */
  take(item: T): void {
    this.waiting = item;
    this.waitingAt = Date.now();
    timesOf(item);
    if (this.at === 0) {
      // The first value is shown at once; only changes wait for the flush.
      this.value = item;
      this.at = this.waitingAt;
      this.problem = null;
    } else {
      changed.add(this as Live<unknown>);
      schedule();
    }
  }

  /** The stream has ended: it is tried again. */
  end(problem: string | null): void {
    this.subscription = null;
    this.problem = problem ?? "the server ended this stream";
    this.again = setTimeout(() => this.open(), RETRY_MS);
  }
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

/** Share a value: the first user has it begun by `begin`, the last one's `release` ends it. */
function share<T>(key: string, begin: (live: Live<T>) => void): [Live<T>, () => void] {
  let live = streams.get(key) as Live<T> | undefined;
  if (!live) {
    const made = new Live<T>();
    made.open = () => {
      clearTimeout(made.again);
      if (made.users > 0 && !made.subscription) begin(made);
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
      // A page change often asks for the same stream again: end it only when no page came back.
      setTimeout(() => {
        if (shared.users > 0 || streams.get(key) !== (shared as Live<unknown>)) return;
        streams.delete(key);
        shared.subscription?.dispose();
        shared.subscription = null;
      }, 500);
    },
  ];
}

/** A stream of its own for what a component shows. */
function stream<K extends StreamMethod>(method: K, args: DataHub[K]["args"]): [Live<DataHub[K]["result"]>, () => void] {
  return share<DataHub[K]["result"]>(method + JSON.stringify(args), (live) => {
    live.subscription = data.stream(
      method,
      args,
      (item) => live.take(item),
      (problem) => live.end(problem),
    );
  });
}

const rows = new Gathered<PositionDataEntry>(
  (PositionIds, next, ended) =>
    data.stream("StreamPositionsData", { ...ROW_FIELDS, PositionIds }, (item) => next(item.PositionId, item), ended),
  MAX_POSITIONS,
);

/** What a row of a table of positions shows: with all other rows by one stream. */
function row(id: number): [Live<PositionDataEntry>, () => void] {
  return share<PositionDataEntry>(`row/${id}`, (live) => rows.add(id, live));
}

export type LiveValue<T> = { readonly live: Live<T> | null };

/** Use a value in a component: begun by the effect, ended when the arguments change or the component goes. */
function use<A, T>(args: () => A | null, begin: (args: A) => [Live<T>, () => void]): LiveValue<T> {
  let live = $state.raw<Live<T> | null>(null);
  const text = $derived(JSON.stringify(args()));
  $effect(() => {
    if (text === "null" || text === undefined) {
      live = null;
      return undefined;
    }
    const [shared, release] = begin(JSON.parse(text) as A);
    live = shared;
    return release;
  });
  return {
    get live() {
      return live;
    },
  };
}

/** Mark, greeks and PnL of a position, and the greeks of its legs: what a row of the monitor shows. */
export function usePositionRow(id: () => number): LiveValue<PositionDataEntry> {
  return use(id, row);
}

/** The same of many positions, for sums. */
export function usePositionRows(ids: () => readonly number[]): { readonly of: (id: number) => Live<PositionDataEntry> | undefined } {
  let shared = $state.raw<ReadonlyMap<number, Live<PositionDataEntry>>>(new Map());
  const text = $derived(ids().join());
  $effect(() => {
    const made = new Map<number, Live<PositionDataEntry>>();
    const releases: (() => void)[] = [];
    for (const id of text ? text.split(",").map(Number) : []) {
      const [live, release] = row(id);
      made.set(id, live);
      releases.push(release);
    }
    shared = made;
    return () => {
      for (const release of releases) release();
    };
  });
  return { of: (id) => shared.get(id) };
}

/** All that the page of a position shows, also of its legs and leg groups. */
export function usePosition(id: () => number | null): LiveValue<PositionDataEntry> {
  return use(id, (PositionId) =>
    stream("StreamPositionData", { PositionId, PriceFields: "All", GreekFields: "Mark", PnlFields: "Mark", IncludeLegGroups: "Prices" }),
  );
}

export function useUnderlying(
  underlying: () => LiveUnderlying | null,
  provider: () => DataProviderType | null,
): LiveValue<UnderlyingDataEntry> {
  const args = () => {
    const Underlying = underlying();
    const Provider = provider();
    return Underlying && Provider ? { Underlying, Provider } : null;
  };
  return use(args, (wanted) => stream("StreamUnderlyingData", wanted));
}

export function useCombo(combo: () => ComboLeg[] | null, provider: () => DataProviderType | null): LiveValue<ComboContractsDataEntry> {
  const args = () => {
    const Combo = combo();
    const Provider = provider();
    return Combo?.length && Provider ? { Combo, Provider } : null;
  };
  return use(args, (wanted) => stream("StreamComboContractsData", { ...wanted, GreekFields: "Mark" }));
}

/** A window of strikes of an expiration: one stream for all its contracts. */
export function useChain(args: () => StreamChainDataArgs | null): LiveValue<ChainDataEntry> {
  return use(args, (wanted) => stream("StreamChainData", wanted));
}

/** The figures of accounts: value, margin, PnL of the day and greeks, as they change. */
export function useAccounts(ids: () => readonly string[]): { readonly of: (id: string) => AccountDataEntry | null } {
  let shared = $state.raw<ReadonlyMap<string, Live<AccountDataEntry>>>(new Map());
  const text = $derived(ids().join("\n"));
  $effect(() => {
    const made = new Map<string, Live<AccountDataEntry>>();
    const releases: (() => void)[] = [];
    for (const id of text ? text.split("\n") : []) {
      const [live, release] = stream("StreamAccountData", { BrokerAccountId: id });
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
