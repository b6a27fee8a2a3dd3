// Execution plans of the three kinds in one form, and the leg groups that a ticket prices.

import { isOnTick, tickOf } from "./ticks.ts";
import type {
  ComboLeg,
  ConditionEvaluation,
  LiveLeg,
  PreparePositionAdjustmentResult,
  PreparePositionEntryResult,
  PreparePositionExitResult,
} from "../wire/types.ts";
import { contract, plain } from "./format.ts";

export type TicketKind = "entry" | "exit" | "adjustment";
export type AnyPlan = PreparePositionEntryResult | PreparePositionExitResult | PreparePositionAdjustmentResult;

export interface Group {
  id: number;
  qty: number;
  legs: { name: string; ratio: number; leg: LiveLeg }[];
}

export function legsOf(plan: AnyPlan): Record<string, LiveLeg> {
  if ("SelectedLegs" in plan) return plan.SelectedLegs;
  return "PositionLegs" in plan ? plan.PositionLegs : plan.OrderLegs;
}

export function conditionsOf(plan: AnyPlan): { entry: readonly ConditionEvaluation[]; abort: readonly ConditionEvaluation[]; allowed: boolean } {
  if ("EntryConditions" in plan) return { entry: plan.EntryConditions, abort: plan.AbortConditions, allowed: plan.EntryAllowed };
  if ("Operation" in plan) return { entry: [], abort: plan.AbortConditions ?? [], allowed: plan.AdjustmentAllowed ?? true };
  return { entry: [], abort: [], allowed: true };
}

/** The groups with something to trade, in the plan's order. */
export function groupsOf(plan: AnyPlan): Group[] {
  const legs = legsOf(plan);
  return Object.entries(plan.LegGroups)
    .map(([id, names]) => {
      const quantities = plan.LegGroupQtys[id];
      return {
        id: Number(id),
        qty: quantities?.Qty ?? 0,
        legs: names.flatMap((name) => {
          const leg = legs[name];
          const ratio = quantities?.LegRatios[name] ?? 0;
          return leg && ratio !== 0 ? [{ name, ratio, leg }] : [];
        }),
      };
    })
    .filter((group) => group.qty > 0 && group.legs.length > 0);
}

export function comboOf(group: Group): ComboLeg[] {
  return group.legs.map(({ leg, ratio }) => ({ Contract: leg.LiveContract, Ratio: ratio }));
}

export function rootsOf(group: Group): string[] {
  return group.legs.map(({ leg }) => leg.LiveContract.Root ?? leg.LiveContract.Underlying.Symbol);
}

export function tickFor(group: Group, price: number): string {
  return tickOf(rootsOf(group), price);
}

export function onTick(group: Group, price: string): boolean {
  return isOnTick(rootsOf(group), price);
}

/** −1 SPXW 16 Jan 26 4,700 P */
export function legWords(ratio: number, leg: LiveLeg): string {
  return `${ratio > 0 ? "+" : ""}${plain(ratio)} ${contract(leg.LiveContract)}`;
}

export function multiplierOf(group: Group): number {
  return group.legs[0]?.leg.LiveContract.Multiplier ?? 100;
}
