// Completion in the editor: names and values of the schema at the cursor's place, and variables inside expressions.

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { syntaxTree } from "@codemirror/language";
import { BUILT_IN, FROZEN, LEG_FIELDS } from "../wire/variables.ts";
import { parseText } from "./definition.ts";
import { alternatives, emptyOf, isExpression, schemaAt, type Schema } from "./schema.ts";

/** Names that the definition itself brings: of its legs, expirations and variables. */
export function variablesOf(definition: Record<string, unknown> | null): string[] {
  const structure = (definition?.["Structure"] ?? {}) as { Legs?: { Name?: unknown }[]; Expirations?: { Name?: unknown }[] };
  const names = (list: { Name?: unknown }[] | undefined) => (Array.isArray(list) ? list : []).map((each) => each?.Name).filter((name): name is string => typeof name === "string" && name !== "");
  const defined = Object.keys(((definition?.["Entry"] as { VarDefines?: object } | undefined)?.VarDefines ?? {}) as object);
  return [
    ...BUILT_IN,
    ...FROZEN,
    ...names(structure.Legs).flatMap((leg) => LEG_FIELDS.map((field) => `leg_${leg}_${field}`)),
    ...names(structure.Expirations).map((alias) => `expiration_${alias}_dte`),
    ...defined,
  ];
}

type Node = NonNullable<ReturnType<ReturnType<typeof syntaxTree>["resolveInner"]>>;

/** The path of the value or property that a node belongs to. */
function pathOf(node: Node, text: (from: number, to: number) => string): (string | number)[] {
  const path: (string | number)[] = [];
  for (let at: Node | null = node; at?.parent; at = at.parent) {
    const parent: Node = at.parent;
    if (parent.name === "Property" && at.name !== "PropertyName") {
      const name = parent.getChild("PropertyName");
      if (name) path.unshift(readName(text(name.from, name.to)));
    } else if (parent.name === "Array") {
      let index = 0;
      for (let before = at.prevSibling; before; before = before.prevSibling) if (!/^[[\],⚠]$/.test(before.name)) index += 1;
      path.unshift(index);
    }
  }
  return path;
}

function readName(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.replaceAll('"', "");
  }
}

export function completionOf(schema: () => Schema | null): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const root = schema();
    if (!root) return null;
    const slice = (from: number, to: number) => context.state.sliceDoc(from, to);
    const node = syntaxTree(context.state).resolveInner(context.pos, -1);
    if (node.name === "PropertyName" || (node.name === "Object" && (context.explicit || context.matchBefore(/"\w*$/)))) {
      const object = node.name === "Object" ? node : node.parent?.parent;
      if (!object) return null;
      const path = pathOf(object as Node, slice);
      const present = new Set<string>();
      for (const property of object.getChildren("Property")) {
        const name = property.getChild("PropertyName");
        if (name && !(name.from <= context.pos && context.pos <= name.to)) present.add(readName(slice(name.from, name.to)));
      }
      const inside = node.name === "PropertyName";
      const options: Completion[] = alternatives(root, schemaAt(root, path)).flatMap((each) =>
        Object.entries(each.properties ?? {})
          .filter(([name]) => !present.has(name))
          .map(([name, child]) => ({
            label: name,
            type: "property",
            info: child.description ?? "",
            boost: each.required?.includes(name) ? 5 : 0,
            apply: inside ? `"${name}"` : `"${name}": ${JSON.stringify(emptyOf(root, child))}`,
          })),
      );
      if (!options.length) return null;
      const filterFrom = inside ? node.from + 1 : context.pos;
      return { from: inside ? node.from : filterFrom, to: inside ? node.to : context.pos, options: options.map((each) => ({ ...each, label: inside ? `"${each.label}"` : each.label, displayLabel: each.label })), validFor: /^"?\w*"?$/ };
    }
    if (node.name === "String" || (context.explicit && node.name === "Property")) {
      const place = schemaAt(root, pathOf(node, slice));
      const choices = alternatives(root, place).flatMap((each) => each.enum ?? []);
      if (choices.length) {
        const options = choices.map((each) => ({ label: JSON.stringify(each), type: "enum" }));
        return { from: node.name === "String" ? node.from : context.pos, to: node.name === "String" ? node.to : context.pos, options };
      }
      const word = context.matchBefore(/[A-Za-z_][\w]*/);
      if (node.name === "String" && isExpression(root, place) && (word || context.explicit)) {
        const names = variablesOf(parseText(context.state.doc.toString()).value);
        return { from: word?.from ?? context.pos, options: names.map((name) => ({ label: name, type: "variable" })), validFor: /^\w*$/ };
      }
    }
    return null;
  };
}
