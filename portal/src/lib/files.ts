// Files that a page makes and hands to the browser.

/** Let the browser keep a text as a file. */
export function save(name: string, kind: string, content: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([content], { type: kind }));
  anchor.download = name;
  anchor.click();
  URL.revokeObjectURL(anchor.href);
}

/** A cell of a CSV table: what a spreadsheet would take for a formula is a text. */
export function cell(value: string): string {
  return `"${value.replace(/^[=+@-]/, "'$&").replaceAll('"', '""')}"`;
}
