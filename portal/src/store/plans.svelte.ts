// What orders are for: the plans behind them, read once for all who ask.

import { words } from "../lib/format.ts";
import type { ExecPlanInfo } from "../wire/types.ts";
import { control } from "./hubs.svelte.ts";

/** The server lists so many of the newest plans at a time; orders of older ones show the number of their plan. */
const NEWEST = 500;

class Plans {
  private known = $state.raw<ReadonlyMap<number, ExecPlanInfo>>(new Map());
  /** The newest plan that was asked for: what is older and not known is not in the list. */
  private asked = 0;
  private waiting: ReturnType<typeof setTimeout> | null = null;

  /** The plan of a number, or null while it is read and when the list does not reach back to it. */
  of(id: number): ExecPlanInfo | null {
    const plan = this.known.get(id);
    if (!plan && id > this.asked) {
      this.asked = id;
      this.waiting ??= setTimeout(() => void this.read(), 50);
    }
    return plan ?? null;
  }

  private async read(): Promise<void> {
    this.waiting = null;
    try {
      const { Plans } = await control.call("ListExecPlans", { Open: false, Limit: NEWEST });
      this.known = new Map(Plans.map((plan) => [plan.ExecPlanId, plan]));
    } catch {
      // Names only: without them a row shows the number of its plan, and the next row asks again.
      this.asked = 0;
    }
  }
}

export const plans = new Plans();

/** "entry of Condor #1", or "plan 7" while its name is not known. */
export function purposeOf(plan: ExecPlanInfo | null, id: number): string {
  return plan ? `${words(plan.Kind)} of ${plan.PositionName}` : `plan ${id}`;
}
