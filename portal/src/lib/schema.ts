// The JSON Schema of a definition, as far as the editor needs it: what may stand at a place, and what it means.

export interface Schema {
  description?: string;
  title?: string;
  type?: string;
  enum?: (string | number | boolean | null)[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
}

/** Follow references; of alternatives leave out null, and go into a single one. The outermost description stays. */
export function resolve(root: Schema, of: Schema | undefined): Schema | null {
  if (!of) return null;
  let found: Schema = of;
  let description = of.description;
  for (let depth = 0; depth < 20; depth += 1) {
    const parts: string[] | undefined = found.$ref?.replace(/^#\//, "").split("/");
    if (parts) {
      const target = parts[0] === "$defs" ? root.$defs?.[parts[1] ?? ""] : undefined;
      if (!target) return null;
      found = target;
    } else if (found.anyOf) {
      const real: Schema[] = found.anyOf.filter((each) => each.type !== "null");
      if (real.length !== 1 || !real[0]) return { ...found, anyOf: real, ...(description ? { description } : {}) };
      found = real[0];
    } else break;
    description ??= found.description;
  }
  return description ? { ...found, description } : found;
}

/** The alternatives at a place, resolved. */
export function alternatives(root: Schema, of: Schema | undefined): Schema[] {
  const found = resolve(root, of);
  if (!found) return [];
  return found.anyOf ? found.anyOf.flatMap((each) => alternatives(root, each)) : [found];
}

export function childOf(root: Schema, of: Schema | undefined, part: string | number): Schema | undefined {
  for (const each of alternatives(root, of)) {
    if (typeof part === "number") {
      if (each.items) return each.items;
    } else {
      const named = each.properties?.[part];
      if (named) return named;
      if (each.additionalProperties && typeof each.additionalProperties === "object") return each.additionalProperties;
    }
  }
  return undefined;
}

export function schemaAt(root: Schema, path: readonly (string | number)[]): Schema | undefined {
  let found: Schema | undefined = root;
  for (const part of path) found = childOf(root, found, part);
  return found;
}

/** Whether text at this place is an expression of the language. */
export function isExpression(root: Schema, of: Schema | undefined): boolean {
  if (!of) return false;
  if (/^#\/\$defs\/(expression|condition)$/.test(of.$ref ?? "")) return true;
  return of.anyOf?.some((each) => isExpression(root, each)) ?? false;
}

/** An empty value for a place that is added. */
export function emptyOf(root: Schema, of: Schema | undefined): unknown {
  const found = alternatives(root, of)[0];
  if (!found) return "";
  if (found.enum) return found.enum[0] ?? "";
  if (found.properties || found.additionalProperties) {
    const made: Record<string, unknown> = {};
    for (const name of found.required ?? []) made[name] = emptyOf(root, found.properties?.[name]);
    return made;
  }
  if (found.type === "array") return [];
  if (found.type === "boolean") return false;
  if (found.type === "integer" || found.type === "number") return 0;
  return "";
}
