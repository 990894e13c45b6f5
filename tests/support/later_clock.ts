/** Lets the process's clock for durations be so much later than it is. */
export class LaterClock implements Disposable {
  readonly #now = performance.now;
  aheadMs = 0;

  constructor() {
    performance.now = () => this.#now.call(performance) + this.aheadMs;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }
}
