// Tables on a phone: each row becomes a card whose lines say the name of their column.

/** Columns that stand beside each other on the narrowest phone. */
const FEW = 3;

/** Name the cells of wide tables after their columns; `app.css` draws them as cards where the page is narrow. */
function label(table: HTMLTableElement): void {
  // Rows of numbers that are compared with each other stay a table, in smaller type; some tables drop columns themselves.
  if (table.dataset["dense"] !== undefined || table.dataset["keep"] !== undefined) return;
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  if (heads.length <= FEW || heads.some((head) => head.colSpan > 1)) return;
  table.classList.add("cards");
  // Drawn as blocks they would lose what they are for screen readers.
  table.setAttribute("role", "table");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    for (const [place, cell] of [...row.cells].entries()) {
      const isHead = cell.tagName === "TH";
      cell.setAttribute("role", isHead ? "columnheader" : "cell");
      if (!isHead && cell.colSpan === 1) cell.dataset["label"] = heads[place]?.textContent?.trim() ?? "";
    }
  }
}

/** `<main {@attach cards}>`: follow the tables that come and go in a page. */
export function cards(root: HTMLElement): () => void {
  const all = () => {
    for (const table of root.querySelectorAll<HTMLTableElement>(".scroll > table")) label(table);
  };
  all();
  const observer = new MutationObserver(all);
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}
