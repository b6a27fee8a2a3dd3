// Long tables: only the rows in sight are in the page, between two spacers that keep the scroll bar right.

/** A table that is shorter than this is in the page as a whole. */
const WINDOW_FROM = 60;
const MARGIN_ROWS = 12;
/** The window moves by whole steps, so that scrolling by a row changes nothing. */
const STEP_ROWS = 8;

/**
 * The rows in sight of a `<tbody>` whose rows have one height.
 *
 * `from` and `until` are places in the list, `above` and `below` the pixels of the spacers.
 */
export class RowWindow {
  private readonly count: () => number;
  private offset = $state(0);
  private view = $state(window.innerHeight);
  private height = $state(27);
  /** What is out of sight is drawn after what is in sight. */
  private margin = $state(0);

  constructor(count: () => number) {
    this.count = count;
  }

  private readonly isWindowed = $derived.by(() => this.count() > WINDOW_FROM);
  readonly from = $derived.by(() => {
    if (!this.isWindowed) return 0;
    const first = Math.floor(this.offset / this.height / STEP_ROWS) * STEP_ROWS - this.margin;
    return Math.max(0, Math.min(this.count() - 1, first));
  });
  readonly until = $derived.by(() => {
    if (!this.isWindowed) return this.count();
    return Math.min(this.count(), this.from + Math.ceil(this.view / this.height) + 2 * this.margin + (this.margin ? STEP_ROWS : 0));
  });

  get above(): number {
    return this.from * this.height;
  }

  get below(): number {
    return (this.count() - this.until) * this.height;
  }

  /** `<tbody {@attach rows.attach}>`: follow the page's scrolling. */
  readonly attach = (body: HTMLElement): (() => void) => {
    const look = () => {
      this.offset = -body.getBoundingClientRect().top;
      this.view = window.innerHeight;
      const row = body.querySelector<HTMLElement>("tr:not([aria-hidden])");
      if (row && row.offsetHeight > 0) this.height = row.offsetHeight;
    };
    // Not at once, which would have the browser lay out a page that is still being made.
    const soon = requestAnimationFrame(() => {
      look();
      setTimeout(() => (this.margin = MARGIN_ROWS), 0);
    });
    const observer = new ResizeObserver(look);
    observer.observe(body);
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look, { passive: true });
    return () => {
      cancelAnimationFrame(soon);
      observer.disconnect();
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  };
}
