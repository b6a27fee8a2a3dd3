// What the server saw last and what it will do next: one reading for all who show it, while a page does.

import type { ISubscription } from "@microsoft/signalr";
import { NoAnswer } from "../lib/hub.ts";
import type { GetOutlookResult, StrategyEvaluated } from "../wire/types.ts";
import { control, data } from "./hubs.svelte.ts";
import { journal } from "./journal.svelte.ts";

const RETRY_MS = 2_000;
const OUTLOOK_MS = 30_000;

class Insight {
  evaluations = $state.raw<readonly StrategyEvaluated[]>([]);
  outlook = $state.raw<GetOutlookResult | null>(null);
  /** False until the evaluations were read once. */
  ready = $state(false);
  problem = $state<string | null>(null);
  private users = 0;
  private timers: ReturnType<typeof setInterval>[] = [];
  /** Evaluations are pushed by the server when they are made. */
  private evaluated: ISubscription<unknown> | null = null;

  constructor() {
    control.onState((state) => {
      if (state === "connected" && this.users) this.read();
    });
    data.onState((state) => {
      this.evaluated = null;
      if (state === "connected" && this.users) this.follow();
    });
    journal.listen(({ type }, replayed) => {
      if (this.users && !replayed && /^On(Position|Leg)Update$|Signal$/.test(type)) this.read();
    });
  }

  /** Read while a component shows it: `$effect(() => insight.use())`. */
  use(): () => void {
    this.users += 1;
    if (this.users === 1) {
      this.read();
      this.follow();
      this.timers = [setInterval(() => void this.readOutlook(), OUTLOOK_MS)];
    }
    return () => {
      this.users -= 1;
      if (this.users > 0) return;
      for (const timer of this.timers) clearInterval(timer);
      this.evaluated?.dispose();
      this.evaluated = null;
    };
  }

  private follow(): void {
    this.evaluated ??= data.stream(
      "StreamEvaluations",
      {},
      (item) => {
        this.evaluations = item.Evaluations;
        this.ready = true;
        this.problem = null;
      },
      (problem) => {
        this.evaluated = null;
        if (data.state !== "connected") return;
        this.problem = problem;
        setTimeout(() => this.users > 0 && data.state === "connected" && this.follow(), RETRY_MS);
      },
    );
  }

  private waiting: ReturnType<typeof setTimeout> | null = null;
  /** Read the outlook anew, once for many who ask: no event reports what a switch of a strategy changes. */
  read(): void {
    this.waiting ??= setTimeout(() => {
      this.waiting = null;
      void this.readOutlook();
    }, 100);
  }

  private async readOutlook(): Promise<void> {
    if (document.hidden || control.state !== "connected") return;
    try {
      this.outlook = await control.call("GetOutlook", {});
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    // A connection that is lost says so by itself.
    if (!(error instanceof NoAnswer)) this.problem = error instanceof Error ? error.message : String(error);
  }
}

export const insight = new Insight();
