// Clocks: one tick for everything that shows an age, and the market's time as the server tells it.

class Clock {
  /** Wall time of the last tick, in milliseconds. Ticks once a second while the page is visible. */
  now = $state(Date.now());
  private marketAt = 0;
  private marketSeen = 0;
  private speed = 1;
  known = $state(false);

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = Date.now();
    }, 1000);
    document.addEventListener("visibilitychange", () => {
      this.now = Date.now();
    });
  }

  /** Market time now; wall time until the server has sent it. */
  get market(): number {
    return this.known ? this.marketAt + (this.now - this.marketSeen) * this.speed : this.now;
  }

  /** A time that came with market data or an answer: market time only moves forward. */
  observe(at: number | null): void {
    if (at === null) return;
    const seen = Date.now();
    if (this.known && at <= this.marketAt) return;
    if (this.known) {
      const wall = seen - this.marketSeen;
      // A simulated market may run faster than the wall; its speed is measured over stretches long enough to trust.
      if (wall > 4000) {
        const measured = (at - this.marketAt) / wall;
        this.speed = measured > 1.5 ? measured : 1;
      } else if (at < this.marketAt + wall * this.speed + 2000) {
        return;
      }
    }
    this.marketAt = at;
    this.marketSeen = seen;
    this.known = true;
  }
}

export const clock = new Clock();
