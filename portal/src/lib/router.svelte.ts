// Router on the history API: one index.html, whatever prefix a proxy puts before it.

/** Where the Portal lives, with a trailing slash: the folder above the one of the scripts. */
export const ROOT: string = import.meta.env.DEV ? "/" : new URL("..", import.meta.url).pathname;

class Route {
  path = $state(read());
  query = $state.raw(new URLSearchParams(location.search));

  get parts(): string[] {
    return this.path.split("/").filter(Boolean).map(decodeURIComponent);
  }

  get page(): string {
    return this.parts[0] ?? "";
  }
}

function read(): string {
  const path = location.pathname;
  return path.startsWith(ROOT) ? `/${path.slice(ROOT.length)}` : path;
}

export const route = new Route();

function refresh(): void {
  route.path = read();
  route.query = new URLSearchParams(location.search);
}

/** A link's address: `href("/positions/3")`. */
export function href(path: string): string {
  return ROOT + path.replace(/^\//, "");
}

export function go(path: string, replace = false): void {
  if (replace) history.replaceState(null, "", href(path));
  else history.pushState(null, "", href(path));
  refresh();
  if (!replace) window.scrollTo(0, 0);
}

addEventListener("popstate", refresh);

// Plain links stay plain links: open in a new tab, middle click and copy work as everywhere.
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!link.pathname.startsWith(ROOT)) return;
  event.preventDefault();
  go(`/${link.pathname.slice(ROOT.length)}${link.search}`);
});
