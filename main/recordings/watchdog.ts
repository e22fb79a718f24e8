/** One deadline at a time: whatever is expected next has to come before it. */
export class Watchdog {
  #armed: { timer: NodeJS.Timeout; timeoutMs: number; what: string } | null = null;

  /**
   * Calls `onTimeout` once, unless it is armed anew or disarmed before. Armed for the same again it begins from now, with the timer and the
   * `onTimeout` that it has: a process that lives does that with each of its messages.
   * @param what tells one expectation from another
   */
  arm(timeoutMs: number, what: string, onTimeout: () => void): void {
    if (this.#armed?.what === what && this.#armed.timeoutMs === timeoutMs) {
      this.#armed.timer.refresh();
      return;
    }
    this.disarm();
    const timer = setTimeout(() => {
      this.#armed = null;
      onTimeout();
    }, timeoutMs);
    this.#armed = { timer, timeoutMs, what };
  }

  /** Nothing is expected any more. Harmless when nothing was. */
  disarm(): void {
    clearTimeout(this.#armed?.timer);
    this.#armed = null;
  }
}
