// What the server saw last and what it will do next: one reading for all who show it, while somebody does.

import { NoAnswer } from "../lib/hub.ts";
import type { GetOutlookResult, StrategyEvaluated } from "../wire/types.ts";
import { control } from "./hubs.svelte.ts";
import { journal } from "./journal.svelte.ts";

const EVALUATIONS_MS = 5_000;
const OUTLOOK_MS = 30_000;

class Insight {
  evaluations = $state.raw<readonly StrategyEvaluated[]>([]);
  outlook = $state.raw<GetOutlookResult | null>(null);
  /** False until the evaluations were read once. */
  ready = $state(false);
  problem = $state<string | null>(null);
  private users = 0;
  private timers: ReturnType<typeof setInterval>[] = [];

  constructor() {
    control.onState((state) => {
      if (state === "connected" && this.users) this.read();
    });
    journal.listen(({ type }) => {
      if (this.users && /^On(Position|Leg)Update$|Signal$/.test(type)) this.read();
    });
  }

  /** Read while a component shows it: `$effect(() => insight.use())`. */
  use(): () => void {
    this.users += 1;
    if (this.users === 1) {
      this.read();
      this.timers = [setInterval(() => void this.readEvaluations(), EVALUATIONS_MS), setInterval(() => void this.readOutlook(), OUTLOOK_MS)];
    }
    return () => {
      this.users -= 1;
      if (this.users === 0) for (const timer of this.timers) clearInterval(timer);
    };
  }

  private waiting: ReturnType<typeof setTimeout> | null = null;
  private read(): void {
    this.waiting ??= setTimeout(() => {
      this.waiting = null;
      void this.readEvaluations();
      void this.readOutlook();
    }, 100);
  }

  private async readEvaluations(): Promise<void> {
    if (document.hidden || control.state !== "connected") return;
    try {
      this.evaluations = (await control.call("GetEvaluations", {})).Evaluations;
      this.ready = true;
      this.problem = null;
    } catch (error) {
      this.fail(error);
    }
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
