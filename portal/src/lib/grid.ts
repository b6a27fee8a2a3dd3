// The prices of a risk graph: a step that meets every strike, so that corners at expiration stand where they are.

/** Of the market, to both sides. */
const RANGE = 0.15;
const MIN_POINTS = 140;
const MAX_POINTS = 401;
/** Strikes have at most so many parts of a point: 0.01. */
const PARTS = 100;

export interface PriceGrid {
  from: string;
  to: string;
  points: number;
}

function greatest(a: number, b: number): number {
  return b === 0 ? a : greatest(b, a % b);
}

/**
 * Evenly spaced prices around the market that contain every strike in their range; null when there is no such grid of a
 * usable size, and the server's own is as good.
 */
export function gridOf(spot: number | null | undefined, strikes: readonly number[]): PriceGrid | null {
  if (!spot || spot <= 0 || !strikes.length) return null;
  const parts = [...new Set(strikes.map((strike) => Math.round(strike * PARTS)))].sort((a, b) => a - b);
  const base = parts[0] ?? 0;
  // One strike alone: its distance from a round number of points is as good a step as any.
  const common = parts.length > 1 ? parts.slice(1).reduce((sum, each) => greatest(sum, each - base), 0) : greatest(base, 10 * PARTS);
  const low = spot * (1 - RANGE) * PARTS;
  const high = spot * (1 + RANGE) * PARTS;
  for (let divisor = 1; divisor <= common; divisor += 1) {
    if (common % divisor !== 0) continue;
    const step = common / divisor;
    const first = base + Math.ceil((low - base) / step) * step;
    const points = Math.floor((high - first) / step) + 1;
    if (points > MAX_POINTS) return null;
    if (points >= MIN_POINTS) return { from: (first / PARTS).toFixed(2), to: ((first + (points - 1) * step) / PARTS).toFixed(2), points };
  }
  return null;
}
