// The three hub connections: one each per tab, and one state for the whole page.

import { ROOT } from "../lib/router.svelte.ts";
import { Hub, type HubState } from "../lib/hub.ts";
import type { ControlHub, DataHub, EventHub } from "../wire/types.ts";
import { session } from "./session.svelte.ts";

export const control = new Hub<ControlHub>("control", `${ROOT}hubs/control/v1`);
export const data = new Hub<DataHub>("data", `${ROOT}hubs/data/v1`);
export const events = new Hub<EventHub>("event", `${ROOT}hubs/event/v1`);

const ALL = [control, data, events] as const;

class Link {
  states = $state.raw<readonly HubState[]>(["connecting", "connecting", "connecting"]);
  lostSince = $state<number | null>(null);

  get up(): boolean {
    return this.states.every((state) => state === "connected");
  }

  get state(): HubState {
    if (this.up) return "connected";
    return this.states.includes("lost") ? "lost" : "connecting";
  }
}

/** The state of the connection, for every page: what is not connected cannot act. */
export const link = new Link();

let probing = false;

for (const hub of ALL) {
  hub.onState(() => {
    link.states = ALL.map((each) => each.state);
    link.lostSince = link.up ? null : (link.lostSince ?? Date.now());
    if (hub.state === "lost") void probe();
  });
}

/** A socket was lost: ask whether the session still lives, for a refused socket does not say so to a page. */
async function probe(): Promise<void> {
  if (probing) return;
  probing = true;
  try {
    const answer = await fetch(`${ROOT}portal/session`, { headers: { "X-MesoLive": "1" }, cache: "no-store" });
    if (answer.status === 401) {
      session.ended();
      await disconnect();
    }
  } catch {
    // The server is away; the connections try again by themselves.
  } finally {
    probing = false;
  }
}

export function connect(): void {
  // Lists are read once their changes are heard: the hub of events comes first, the values of streams last.
  for (const hub of [events, control, data]) void hub.start();
  // A held lock keeps browsers from freezing a background tab and dropping its sockets.
  void navigator.locks?.request(`mesolive-${crypto.randomUUID()}`, () => new Promise(() => undefined));
}

export async function disconnect(): Promise<void> {
  await Promise.all(ALL.map((hub) => hub.stop()));
}
