// Prices that a person types stay text from the field to the wire; a tick is an integer step on that text.

import { TICK_TABLES, TICKS_OF_ROOT, USUAL_TICKS, type TickTable } from "../wire/terms.ts";

/** The step that an order's price must be a multiple of, after mesolive_sdk.ticks: by class, or by combo. */
export function tickOf(roots: readonly string[], price: number): string {
  const tables = roots.map((root) => TICK_TABLES[TICKS_OF_ROOT[root] ?? USUAL_TICKS]).filter((table): table is TickTable => !!table);
  const [first] = tables;
  if (!first) return "0.01";
  if (tables.length > 1) return tables.reduce((most, table) => (Number(table.combo) > Number(most) ? table.combo : most), "0.01");
  let step = first.steps[0]?.[1] ?? "0.01";
  for (const [from, size] of first.steps) {
    if (first.above ? Math.abs(price) > Number(from) : Math.abs(price) >= Number(from)) step = size;
  }
  return step;
}

export function isOnTick(roots: readonly string[], price: string): boolean {
  const tick = tickOf(roots, Number(price));
  const scale = Math.max(places(price), places(tick));
  return scaled(price, scale) % scaled(tick, scale) === 0n;
}

/** Step a decimal text by ticks without a binary fraction in between: step("18.65", "0.05", -1) is "18.60". */
export function step(price: string, tick: string, count: number): string {
  const scale = Math.max(places(price), places(tick));
  const ticks = scaled(tick, scale);
  if (ticks <= 0n) return price;
  const value = scaled(price, scale);
  // A price between two ticks goes to the next tick of the direction.
  const floor = value / ticks - (value % ticks !== 0n && value < 0n ? 1n : 0n);
  const onTick = value % ticks === 0n;
  const index = onTick ? floor + BigInt(count) : count > 0 ? floor + BigInt(count) : floor + 1n + BigInt(count);
  const result = index * ticks;
  const negative = result < 0n;
  const digits = (negative ? -result : result).toString().padStart(scale + 1, "0");
  const head = scale ? digits.slice(0, -scale) : digits;
  const tail = scale ? `.${digits.slice(-scale)}` : "";
  return `${negative ? "-" : ""}${head}${tail}`;
}

/** The nearest tick to a number from the market, as text. */
export function toTick(price: number, tick: string): string {
  const scale = places(tick);
  const size = Number(tick);
  const count = Math.round(price / size);
  return step((count * Number(tick)).toFixed(scale), tick, 0);
}

/** How many ticks a typed price is away from a market price. */
export function ticksBetween(typed: string, market: number, tick: string): number {
  return Math.round((Number(typed) - market) / Number(tick));
}

/** A typed price as the wire takes it, or null when it is none. A true minus sign and a comma are forgiven. */
export function readPrice(text: string): string | null {
  const cleaned = text.trim().replace("\u2212", "-").replaceAll(",", "");
  return /^-?(\d+(\.\d*)?|\.\d+)$/.test(cleaned) ? cleaned : null;
}

function places(text: string): number {
  const dot = text.indexOf(".");
  return dot < 0 ? 0 : text.length - dot - 1;
}

function scaled(text: string, scale: number): bigint {
  const negative = text.startsWith("-");
  const [head = "0", tail = ""] = text.replace("-", "").split(".");
  const value = BigInt((head || "0") + tail.padEnd(scale, "0").slice(0, scale));
  return negative ? -value : value;
}
