// Definitions as text: where a problem's path stands in it, and what is wrong with JSON that cannot be read.

export interface Problem {
  path: string;
  message: string;
  /** Place in the text, when the parser tells one. */
  at?: number;
  tone?: "error" | "warning";
}

export function parseText(text: string): { value: Record<string, unknown> | null; problem: Problem | null } {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      return { value: null, problem: { path: "", message: "expected a JSON object", at: 0 } };
    }
    return { value: value as Record<string, unknown>, problem: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const at = /position (\d+)/.exec(message)?.[1];
    return { value: null, problem: { path: "", message: `not JSON: ${message}`, at: at ? Number(at) : text.length } };
  }
}

/** Structure.Legs[0].Qty → ["Structure", "Legs", 0, "Qty"] */
export function pathParts(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]]+)/g)].map(([, index, quoted, name]) => (index !== undefined ? Number(index) : (quoted ?? name ?? "")));
}

/** The extent in the text of the value at a path, as deep as the path can be followed. */
export function locate(text: string, path: string): [number, number] {
  const parts = pathParts(path);
  let place = 0;
  const skip = () => {
    while (/\s/.test(text[place] ?? "")) place += 1;
  };
  const string = (): string => {
    const from = place;
    place += 1;
    while (place < text.length && text[place] !== '"') place += text[place] === "\\" ? 2 : 1;
    place += 1;
    try {
      return JSON.parse(text.slice(from, place)) as string;
    } catch {
      return "";
    }
  };
  const value = (depth: number): [number, number] => {
    skip();
    const from = place;
    let inner: [number, number] | null = null;
    const wanted = parts[depth];
    if (text[place] === "{") {
      place += 1;
      for (skip(); place < text.length && text[place] !== "}"; skip()) {
        const name = string();
        skip();
        place += 1;
        const here = typeof wanted === "string" && name === wanted;
        const extent = value(here ? depth + 1 : parts.length + 1);
        if (here) inner = extent;
        skip();
        if (text[place] === ",") place += 1;
      }
      place += 1;
    } else if (text[place] === "[") {
      place += 1;
      let index = 0;
      for (skip(); place < text.length && text[place] !== "]"; skip()) {
        const here = wanted === index;
        const extent = value(here ? depth + 1 : parts.length + 1);
        if (here) inner = extent;
        index += 1;
        skip();
        if (text[place] === ",") place += 1;
      }
      place += 1;
    } else if (text[place] === '"') string();
    else while (place < text.length && !/[\s,\]}]/.test(text[place] ?? "")) place += 1;
    return inner ?? [from, place];
  };
  return value(0);
}

/** Where a definition that was converted carries the version 2 that it was made from. */
const ORIGINAL = "$original";

/** A definition as it is carried out, without the text that it was converted from. */
export function withoutOriginal(definition: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(definition).filter(([name]) => name !== ORIGINAL));
}

/** The version 2 that a definition was converted from; null for one that was written in version 3. */
export function originalOf(definition: Record<string, unknown> | null | undefined): unknown {
  return definition?.[ORIGINAL] ?? null;
}
