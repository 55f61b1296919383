/** Wakes those who wait for something to change. Look first, then wait: what happened before `next` is not told. */
export class ChangeSignal {
  private readonly waiting = new Set<() => void>();

  fire(): void {
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }

  /** Resolves at the next `fire`, or when `signal` is aborted. */
  next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  /** How many wait; for tests that look for leaks. */
  get waiters(): number {
    return this.waiting.size;
  }
}
