// The strategies of docs/strategies, as they are: each is loaded when it is chosen.

const files = import.meta.glob<string>("../../../docs/strategies/*.json", { query: "?raw", import: "default" });

export interface Example {
  name: string;
  load: () => Promise<string>;
}

/** `../../../docs/strategies/same-day-iron-condor.json` → Same day iron condor */
export const EXAMPLES: readonly Example[] = Object.entries(files).map(([path, load]) => {
  const stem = (path.split("/").at(-1) ?? "").replace(/\.json$/, "").replaceAll("-", " ");
  return { name: stem.charAt(0).toUpperCase() + stem.slice(1), load };
});
