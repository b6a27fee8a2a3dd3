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
  let schema: Schema = of;
  let description = of.description;
  for (let depth = 0; depth < 20; depth += 1) {
    const parts: string[] | undefined = schema.$ref?.replace(/^#\//, "").split("/");
    if (parts) {
      const target = parts[0] === "$defs" ? root.$defs?.[parts[1] ?? ""] : undefined;
      if (!target) return null;
      schema = target;
    } else if (schema.anyOf) {
      const real: Schema[] = schema.anyOf.filter((each) => each.type !== "null");
      if (real.length !== 1 || !real[0]) return { ...schema, anyOf: real, ...(description ? { description } : {}) };
      schema = real[0];
    } else break;
    description ??= schema.description;
  }
  return description ? { ...schema, description } : schema;
}

/** The alternatives at a place, resolved. */
export function alternatives(root: Schema, of: Schema | undefined): Schema[] {
  const schema = resolve(root, of);
  if (!schema) return [];
  return schema.anyOf ? schema.anyOf.flatMap((each) => alternatives(root, each)) : [schema];
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
  let schema: Schema | undefined = root;
  for (const part of path) schema = childOf(root, schema, part);
  return schema;
}

/** Whether text at this place is an expression of the language. */
export function isExpression(root: Schema, of: Schema | undefined): boolean {
  if (!of) return false;
  if (/^#\/\$defs\/(expression|condition)$/.test(of.$ref ?? "")) return true;
  return of.anyOf?.some((each) => isExpression(root, each)) ?? false;
}

/** An empty value for a place that is added. */
export function emptyOf(root: Schema, of: Schema | undefined): unknown {
  const schema = alternatives(root, of)[0];
  if (!schema) return "";
  if (schema.enum) return schema.enum[0] ?? "";
  if (schema.properties || schema.additionalProperties) {
    const made: Record<string, unknown> = {};
    for (const name of schema.required ?? []) made[name] = emptyOf(root, schema.properties?.[name]);
    return made;
  }
  if (schema.type === "array") return [];
  if (schema.type === "boolean") return false;
  if (schema.type === "integer" || schema.type === "number") return 0;
  return "";
}
