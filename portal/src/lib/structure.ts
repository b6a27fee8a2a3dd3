// What a position is made of: its expirations, its short strikes and the distance of the market from them.

import type { LiveLeg } from "../wire/types.ts";
import { daysTo, parse } from "./format.ts";

export interface ShortStrike {
  leg: LiveLeg;
  strike: number;
  /** Points from the market to the strike; negative when the strike is in the money. */
  points: number;
  fraction: number;
}

export function held(legs: readonly LiveLeg[]): LiveLeg[] {
  return legs.filter((leg) => leg.Qty !== 0 && !leg.ClosedAt);
}

export function nearestExpiration(legs: readonly LiveLeg[], now: number): { days: number; at: number } | null {
  const instants = held(legs)
    .map((leg) => parse(leg.LiveContract.Expiration))
    .filter((at): at is number => at !== null);
  if (!instants.length) return null;
  const at = Math.min(...instants);
  return { at, days: daysTo(new Date(at).toISOString(), now) ?? 0 };
}

/** The short option that the market would reach first. */
export function nearestShort(legs: readonly LiveLeg[], spot: number | null | undefined): ShortStrike | null {
  if (!spot) return null;
  let best: ShortStrike | null = null;
  for (const leg of held(legs)) {
    const { Strike, OptionType } = leg.LiveContract;
    if (leg.Qty >= 0 || Strike == null || OptionType == null) continue;
    const points = OptionType === "Put" ? spot - Strike : Strike - spot;
    if (!best || points < best.points) best = { leg, strike: Strike, points, fraction: points / spot };
  }
  return best;
}

/** Short options by contract: what is held and what a plan would add or take, summed, where the rest is short. */
export function shortStrikes(legs: readonly LiveLeg[]): { strike: number; type: LiveLeg["LiveContract"]["OptionType"]; qty: number }[] {
  const sums = new Map<string, { strike: number; type: LiveLeg["LiveContract"]["OptionType"]; qty: number }>();
  for (const { LiveContract: contract, Qty } of legs) {
    if (contract.Strike == null || contract.OptionType == null) continue;
    const key = `${contract.Root}/${contract.Expiration}/${contract.Strike}/${contract.OptionType}`;
    const known = sums.get(key);
    if (known) known.qty += Qty;
    else sums.set(key, { strike: contract.Strike, type: contract.OptionType, qty: Qty });
  }
  return [...sums.values()].filter((each) => each.qty < 0);
}

/** One standard deviation of the underlying until an expiration, in points. IV in percent. */
export function sigmaMove(spot: number, ivPercent: number | null | undefined, expiration: number, now: number): number | null {
  if (!ivPercent || ivPercent <= 0) return null;
  const years = Math.max(0, expiration - now) / (365 * 86_400_000);
  return years > 0 ? spot * (ivPercent / 100) * Math.sqrt(years) : null;
}
