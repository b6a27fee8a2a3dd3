// The event log of this tab: every event once and in order, with the gap of a lost connection filled by replay.

import { parse } from "../lib/format.ts";
import { NoAnswer, Refusal } from "../lib/hub.ts";
import { EVENT_NAMES, type EventModels, type MesoLiveEvent, type MesoLiveEventEnvelope } from "../wire/types.ts";
import { clock } from "./clock.svelte.ts";
import { events } from "./hubs.svelte.ts";

export type EventName = keyof EventModels;

export interface Entry<N extends EventName = EventName> {
  id: string;
  seq: number;
  at: number;
  type: N;
  event: EventModels[N];
}

const MAX_ENTRIES = 2000;
const REPLAY_PAGE = 1000;
/** How far back a page looks when it is opened. */
const OPENING_EVENTS = 500;

/** `replayed` is what was read back: the lists of the page were read after it had happened. */
type Listener = (entry: Entry, replayed: boolean) => void;

/** An event as read from the log; null for one that this page does not know. */
export function entryOf(envelope: MesoLiveEventEnvelope): Entry | null {
  if (!(EVENT_NAMES as readonly string[]).includes(envelope.EventType)) return null;
  return { id: envelope.EventId, seq: envelope.EventSeqId, at: parse(envelope.EventTime) ?? 0, type: envelope.EventType as EventName, event: envelope.Event as EventModels[EventName] };
}

class Journal {
  /** Oldest first; bounded. */
  entries = $state.raw<readonly Entry[]>([]);
  /** Events older than this number were deleted by the server; 0 when none are known to be. */
  prunedBefore = $state(0);
  ready = $state(false);
  last = 0;
  /** The last event before a gap that is not filled yet: live events come before it is, and raise `last`. */
  private gapAfter: number | null = null;
  private seen = new Set<string>();
  private listeners = new Set<Listener>();
  private subscribed = new Set<() => Promise<void>>();
  private waiting: Entry[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor() {
    for (const name of EVENT_NAMES) {
      events.on(name, (value) => {
        this.take(name, value as EventModels[typeof name]);
      });
    }
    events.onState((state) => {
      if (state === "connected") void this.catchUp();
    });
  }

  listen(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Called after each (re)connection, once no later event can be missed: what is read now shows all that happened before.
   * The log is replayed afterwards, for it is long.
   */
  onSubscribed(listener: () => Promise<void>): void {
    this.subscribed.add(listener);
  }

  private take(type: EventName, event: EventModels[EventName], replayed = false): void {
    const { EventId, EventSeqId = 0, EventTime } = event as MesoLiveEvent;
    const id = EventId ?? `${type}-${EventSeqId}`;
    if (this.seen.has(id)) return;
    this.seen.add(id);
    const at = parse(EventTime) ?? Date.now();
    const entry: Entry = { id, seq: EventSeqId, at, type, event };
    this.waiting.push(entry);
    for (const listener of this.listeners) listener(entry, replayed);
    this.timer ??= setTimeout(() => this.flush(), 100);
  }

  private flush(): void {
    this.timer = null;
    const all = [...this.entries, ...this.waiting].sort((a, b) => a.seq - b.seq);
    this.waiting = [];
    this.last = Math.max(this.last, all.at(-1)?.seq ?? 0);
    if (all.length > MAX_ENTRIES) {
      for (const old of all.splice(0, all.length - MAX_ENTRIES)) this.seen.delete(old.id);
    }
    this.entries = all;
  }

  /** Subscribe first, then replay: what happens in between arrives twice and is dropped once. */
  private async catchUp(): Promise<void> {
    const gap = (this.gapAfter ??= this.last);
    try {
      await events.call("SubscribeToStrategies", { Strategies: null });
      await Promise.all([...this.subscribed].map((listener) => listener()));
      const latest = await events.call("GetLatestEventSeqId", {});
      clock.observe(parse(latest.SnapshotTime));
      let since = this.ready ? gap : Math.max(0, latest.LatestEventSeqId - OPENING_EVENTS);
      let token: string | null = null;
      do {
        let page;
        try {
          page = await events.call("GetEventsSince", { SinceEventSeqId: since, Limit: REPLAY_PAGE, ContinuationToken: token });
        } catch (error) {
          if (error instanceof Refusal && error.code === "EventsPruned") {
            // Its detail is the number of the last event that was deleted.
            const deleted = Number(/\b(\d+)\b/.exec(error.message)?.[1] ?? latest.LatestEventSeqId);
            this.prunedBefore = deleted + 1;
            if (since >= deleted) break;
            since = deleted;
            continue;
          }
          throw error;
        }
        for (const envelope of page.Events) {
          if ((EVENT_NAMES as readonly string[]).includes(envelope.EventType)) {
            this.take(envelope.EventType as EventName, envelope.Event as EventModels[EventName], true);
          }
        }
        token = page.ContinuationToken || null;
      } while (token);
      this.flush();
      this.gapAfter = null;
      this.ready = true;
    } catch (error) {
      // A connection that is lost in the middle comes back and catches up then.
      if (!(error instanceof NoAnswer)) {
        console.error("the event log could not be read", error);
      }
    }
  }
}

export const journal = new Journal();
