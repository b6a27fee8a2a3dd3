// Commands: each has its idempotency key before it is sent, and ends as answered, refused or unknown. Never a silent retry.

import { NoAnswer, Refusal } from "../lib/hub.ts";
import type { ControlHub, IdempotencyRecord } from "../wire/types.ts";
import { control } from "./hubs.svelte.ts";

type Idempotent = { [K in keyof ControlHub]: ControlHub[K]["args"] extends { IdempotencyKey: string } ? K : never }[keyof ControlHub];
type WithoutKey<K extends Idempotent> = Omit<ControlHub[K]["args"], "IdempotencyKey">;

export type Outcome<T> =
  | { state: "done"; data: T }
  | { state: "refused"; message: string; fields: Record<string, string[]>; code: string | null }
  | { state: "unknown"; message: string };

const PREFIX = "mesolive.asked.";

export interface Asked {
  key: string;
  method: string;
  what: string;
  at: number;
}

class Acts {
  /** Commands whose answer never came, stored over a reload until the server has answered what became of them. */
  unknown = $state.raw<readonly Asked[]>(stored());
  /** Short notices of what was done, newest last. */
  notices = $state.raw<readonly { id: number; text: string; bad: boolean }[]>([]);
  private nextNotice = 1;

  notice(text: string, bad = false): void {
    const id = this.nextNotice++;
    this.notices = [...this.notices.slice(-3), { id, text, bad }];
    setTimeout(() => this.dismiss(id), bad ? 20_000 : 6000);
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
  }

  refresh(): void {
    this.unknown = stored();
  }

  /** Ask the server what became of a command whose answer was lost. */
  async resolve(asked: Asked): Promise<IdempotencyRecord | "never arrived" | null> {
    try {
      const record = await control.call("GetIdempotencyRecord", { IdempotencyKey: asked.key });
      if (record.Status !== "Processing") this.forget(asked.key);
      return record;
    } catch (error) {
      if (error instanceof Refusal && error.status === "NotFound") {
        this.forget(asked.key);
        return "never arrived";
      }
      return null;
    }
  }

  forget(key: string): void {
    sessionStorage.removeItem(PREFIX + key);
    this.refresh();
  }
}

export const acts = new Acts();

function stored(): Asked[] {
  const unanswered: Asked[] = [];
  for (let place = 0; place < sessionStorage.length; place += 1) {
    const name = sessionStorage.key(place);
    if (name?.startsWith(PREFIX)) unanswered.push(JSON.parse(sessionStorage.getItem(name) ?? "{}") as Asked);
  }
  return unanswered;
}

export function newKey(what: string): string {
  return `portal:${what}:${crypto.randomUUID()}`;
}

const running = new Set<string>();

/** Send one idempotent command under a key that the caller made when its form opened: a double click sends once. */
export async function command<K extends Idempotent>(
  method: K,
  key: string,
  what: string,
  args: WithoutKey<K>,
): Promise<Outcome<ControlHub[K]["result"]>> {
  if (running.has(key)) return { state: "unknown", message: "This was sent already; its answer is awaited." };
  running.add(key);
  const asked: Asked = { key, method, what, at: Date.now() };
  sessionStorage.setItem(PREFIX + key, JSON.stringify(asked));
  try {
    const data = await control.call(method, { ...args, IdempotencyKey: key } as ControlHub[K]["args"]);
    sessionStorage.removeItem(PREFIX + key);
    return { state: "done", data };
  } catch (error) {
    if (error instanceof Refusal) {
      const processing = error.status === "Conflict" && error.code !== null && /progress|processing|running/i.test(error.code);
      if (!processing) {
        sessionStorage.removeItem(PREFIX + key);
        return { state: "refused", message: error.message, fields: error.fields, code: error.code };
      }
    }
    const message = error instanceof NoAnswer || error instanceof Error ? error.message : String(error);
    return { state: "unknown", message };
  } finally {
    running.delete(key);
    acts.refresh();
  }
}

/** Wait for a preparation job; `alive` ends the wait when its page has gone. */
export async function prepared<R>(ask: () => Promise<{ Status: string; Result?: R | null; Error?: string | null }>, alive: () => boolean): Promise<R> {
  for (;;) {
    const status = await ask();
    if (status.Status === "Completed" && status.Result) return status.Result;
    if (status.Status === "Failed" || status.Status === "Cancelled") throw new Error(status.Error ?? `the preparation was ${status.Status.toLowerCase()}`);
    if (!alive()) throw new Error("the page was left");
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}

/** A refusal's fields as lines: `LegGroupOrder.LimitPrice: expected …`. */
export function problemLines(outcome: { fields: Record<string, string[]> }): string[] {
  return Object.entries(outcome.fields).flatMap(([path, texts]) => texts.map((text) => (path ? `${path}: ${text}` : text)));
}
