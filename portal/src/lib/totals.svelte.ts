// Sums of what rows show: rows report their values, so that a total is that of its rows and of no other moment.

import { untrack } from "svelte";
import type { LivePosition, PositionDataEntry } from "../wire/types.ts";

export interface RowValues {
  pnl: number | null;
  delta: number | null;
  theta: number | null;
  vega: number | null;
  day: number | null;
  margin: number | null;
}

/** PnL of the day now: the list's, moved on by what the position has made since the list was read. */
export function dayPnl(position: LivePosition, pnl: number | null): number | null {
  const { DayPnL, UnrealizedPnL, RealizedPnL } = position;
  if (DayPnL == null || UnrealizedPnL == null || pnl === null) return DayPnL ?? null;
  return DayPnL + pnl - (UnrealizedPnL + (RealizedPnL ?? 0));
}

/** What a position has made: by its stream, and until that has said something by the list, which has values of its own moment. */
export function pnlOf(position: LivePosition, entry: PositionDataEntry | null | undefined, listIsFresh: boolean): number | null {
  if (entry) return entry.PositionPnLs?.Mark == null ? null : entry.PositionPnLs.Mark + (entry.PositionPnLs.Realized ?? 0);
  if (!listIsFresh || position.UnrealizedPnL == null) return null;
  return position.UnrealizedPnL + (position.RealizedPnL ?? 0);
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
    const sum: Sum & { pnl: number; delta: number; theta: number; vega: number } = { pnl: 0, delta: 0, theta: 0, vega: 0, day: null, margin: null, missing: 0 };
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
      if (value.day !== null) sum.day = (sum.day ?? 0) + value.day;
      if (value.margin !== null) sum.margin = (sum.margin ?? 0) + value.margin;
    }
    return sum;
  }
}
