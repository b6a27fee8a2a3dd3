// Sums of what rows show: rows report their values, so that a total is that of its rows and of no other moment.

import { untrack } from "svelte";

export interface RowValues {
  pnl: number | null;
  delta: number | null;
  theta: number | null;
  vega: number | null;
}

export interface Sum extends RowValues {
  /** How many rows have no PnL. */
  missing: number;
}

export class Totals {
  private values = new Map<number, RowValues>();
  private version = $state(0);

  readonly report = (id: number, values: RowValues | null): void => {
    untrack(() => {
      if (values) this.values.set(id, values);
      else this.values.delete(id);
      this.version += 1;
    });
  };

  of(ids: readonly number[]): Sum {
    void this.version;
    const sum = { pnl: 0, delta: 0, theta: 0, vega: 0, missing: 0 };
    for (const id of ids) {
      const value = this.values.get(id);
      if (!value || value.pnl === null) {
        sum.missing += 1;
        continue;
      }
      sum.pnl += value.pnl;
      sum.delta += value.delta ?? 0;
      sum.theta += value.theta ?? 0;
      sum.vega += value.vega ?? 0;
    }
    return sum;
  }
}
