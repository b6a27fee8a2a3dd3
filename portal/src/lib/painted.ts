// When what was just made is on the screen: work that can wait lets it get there first.

/** Longer than a frame ever takes; a tab in the background is not painted at all. */
const HIDDEN_MS = 250;

/** Resolves after the next painting of the page, in a hidden tab a moment later. */
export function painted(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, HIDDEN_MS);
    requestAnimationFrame(() => {
      clearTimeout(late);
      setTimeout(resolve, 0);
    });
  });
}
