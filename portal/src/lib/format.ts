// Numbers, money, times and contracts as text. Formatters are made once; nothing here computes money.

import type { Instant, LiveContract } from "../wire/types.ts";

const MINUS = "\u2212";
const NONE = "–";

const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const counted = new Intl.NumberFormat("en-US", { maximumFractionDigits: 4 });
const fixed = new Map<number, Intl.NumberFormat>();

function formatter(digits: number): Intl.NumberFormat {
  let made = fixed.get(digits);
  if (!made) {
    made = new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    fixed.set(digits, made);
  }
  return made;
}

type Maybe = number | null | undefined;

function usable(value: Maybe): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** 1,234.50, with a true minus sign; a dash for no value. */
export function number(value: Maybe, digits = 2): string {
  if (!usable(value)) return NONE;
  return formatter(digits).format(value).replace("-", MINUS);
}

/** +1,234.50 or −1,234.50: profit, loss and greeks always carry their sign. */
export function signed(value: Maybe, digits = 2): string {
  if (!usable(value)) return NONE;
  const text = formatter(digits).format(Math.abs(value));
  const isZero = !/[1-9]/.test(text);
  return isZero ? text : (value < 0 ? MINUS : "+") + text;
}

/** Money without cents above 1,000: for summaries. */
export function money(value: Maybe): string {
  if (!usable(value)) return NONE;
  return (Math.abs(value) >= 1000 ? whole : formatter(2)).format(value).replace("-", MINUS);
}

/** A quantity or a strike without useless zeros. */
export function plain(value: Maybe): string {
  if (!usable(value)) return NONE;
  return String(Number(value.toPrecision(12))).replace("-", MINUS);
}

/** 20,000 or 1.5: how many, in groups of thousands and with the decimals that it has. */
export function quantity(value: Maybe): string {
  return usable(value) ? counted.format(value).replace("-", MINUS) : NONE;
}

/** Six digits that matter: a variable's value as a person reads it. */
export function brief(value: Maybe): string {
  return usable(value) ? plain(Number(value.toPrecision(6))) : NONE;
}

/** 12.3 % from a fraction. */
export function percent(fraction: Maybe, digits = 1): string {
  if (!usable(fraction)) return NONE;
  return `${formatter(digits).format(fraction * 100).replace("-", MINUS)} %`;
}

/** Debit or credit of one combo in words: a trader reads the word, not the sign. */
export function priceWords(price: Maybe): string {
  if (!usable(price)) return "no price";
  if (price === 0) return "even";
  return `${price > 0 ? "debit" : "credit"} ${formatter(2).format(Math.abs(price))}`;
}

export function sign(value: Maybe): "gain" | "loss" | "" {
  if (!usable(value) || Math.abs(value) < 0.005) return "";
  return value > 0 ? "gain" : "loss";
}

export const NEW_YORK = "America/New_York";
const clockTime = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, hour: "2-digit", minute: "2-digit", second: "2-digit" });
const shortTime = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, hour: "2-digit", minute: "2-digit" });
const dayTime = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const dayOnly = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, weekday: "short", day: "2-digit", month: "short" });
const dateOnly = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, day: "2-digit", month: "short", year: "2-digit" });
const isoDay = new Intl.DateTimeFormat("en-CA", { timeZone: NEW_YORK });

export function parse(at: Instant | null | undefined): number | null {
  if (!at) return null;
  const value = Date.parse(at);
  return Number.isNaN(value) ? null : value;
}

/** Time of day in New York, which is the market's. */
export function time(at: number | Instant | null | undefined, seconds = true): string {
  const value = typeof at === "number" ? at : parse(at);
  return value === null ? NONE : (seconds ? clockTime : shortTime).format(value);
}

/** Day and time in New York; the day alone is left out when it is `today`. */
export function moment(at: number | Instant | null | undefined, today?: number | null): string {
  const value = typeof at === "number" ? at : parse(at);
  if (value === null) return NONE;
  if (today !== undefined && today !== null && isoDay.format(today) === isoDay.format(value)) return shortTime.format(value);
  return dayTime.format(value).replace(",", "");
}

export function day(at: number | Instant | null | undefined): string {
  const value = typeof at === "number" ? at : parse(at);
  return value === null ? NONE : dayOnly.format(value).replace(",", "");
}

const axisDay = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, day: "2-digit", month: "short" });
const axisMonth = new Intl.DateTimeFormat("en-GB", { timeZone: NEW_YORK, month: "short", year: "numeric" });

/** Words of a time axis at `at`, in seconds: hours in New York with the day where one begins, days, or months. */
export function axisTimes(at: readonly number[]): string[] {
  const step = (at[1] ?? 0) - (at[0] ?? 0);
  let said = "";
  return at.map((seconds) => {
    const ms = seconds * 1000;
    if (step >= 27 * 86_400) return axisMonth.format(ms);
    const of = axisDay.format(ms);
    if (step >= 86_400) return of;
    const isNew = of !== said;
    said = of;
    const hour = (step > 0 && step < 60 ? clockTime : shortTime).format(ms);
    return isNew ? `${hour}\n${of}` : hour;
  });
}

export function dayKey(at: number): string {
  return isoDay.format(at);
}

export function date(at: number | Instant | null | undefined): string {
  const value = typeof at === "number" ? at : parse(at);
  return value === null ? NONE : dateOnly.format(value);
}

/** UTC to the millisecond: logs and tooltips. */
export function utc(at: Instant | number | null | undefined): string {
  const value = typeof at === "number" ? at : parse(at);
  return value === null ? NONE : new Date(value).toISOString().replace("T", " ").replace("Z", " UTC");
}

/** 0.3 s, 12 s, 4 min, 3 h, 2 d. */
export function duration(ms: Maybe): string {
  if (!usable(ms)) return NONE;
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  if (s < 129600) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

/** Calendar days from `from` to an expiration, never below 0. */
export function daysTo(expiration: Instant | null | undefined, from: number): number | null {
  const value = parse(expiration);
  if (value === null) return null;
  const days = Date.parse(isoDay.format(value)) - Date.parse(isoDay.format(from));
  return Math.max(0, Math.round(days / 86_400_000));
}

/** SPX 16 Jan 26 4,700 P */
export function contract(value: LiveContract): string {
  const symbol = value.Root ?? value.Underlying.Symbol;
  if (value.OptionType == null) return value.Expiration ? `${symbol} ${date(value.Expiration)}` : symbol;
  return `${symbol} ${date(value.Expiration)} ${plain(value.Strike)} ${value.OptionType === "Call" ? "C" : "P"}`;
}

/** PendingSubmit → pending submit */
export function words(name: string): string {
  return name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
}

/** OnOrderUpdate → Order update */
export function eventTitle(type: string): string {
  const text = words(type.replace(/^On/, ""));
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** 68.8 GB, 1.2 MB. */
export function bytes(value: Maybe): string {
  if (!usable(value)) return NONE;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit] ?? ""}`;
}

/** "Firefox on Linux" from what a browser says of itself; its first words when it is none of those. */
export function browserOf(agent: string): string {
  const browser = ([[/Edg\//, "Edge"], [/OPR\//, "Opera"], [/Firefox\//, "Firefox"], [/HeadlessChrome\/|Headless/, "Chrome, headless"], [/Chrome\//, "Chrome"], [/Safari\//, "Safari"]] as const).find(([mark]) => mark.test(agent))?.[1];
  const system = ([[/Android/, "Android"], [/iPhone|iPad/, "iOS"], [/Windows/, "Windows"], [/Mac OS X/, "macOS"], [/Linux/, "Linux"]] as const).find(([mark]) => mark.test(agent))?.[1];
  return browser ? `${browser}${system ? ` on ${system}` : ""}` : agent.slice(0, 40) || "not said";
}
