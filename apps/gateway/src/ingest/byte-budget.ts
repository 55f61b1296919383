/** One body's share of the budget. */
export interface Reservation {
  /** Makes the share at least `bytes`; false, and nothing changed, when the budget does not have them. */
  ensure(bytes: number): boolean;
  /** Gives all of it back. */
  release(): void;
}

/**
 * Bounds the bytes of bodies that are in memory: being read, or waiting for the log. What does not fit is refused at once, so
 * that a slow log or a burst makes callers wait, not this process grow.
 */
export class ByteBudget {
  private taken = 0;

  /** @param limit at least the largest body, or that would never fit */
  constructor(private readonly limit: number) {}

  get inFlight(): number {
    return this.taken;
  }

  /** A share of `bytes`, or null when there is no room for them. */
  reserve(bytes: number): Reservation | null {
    let held = 0;
    let released = false;
    const ensure = (wanted: number): boolean => {
      if (wanted <= held) return true;
      if (released || this.taken + wanted - held > this.limit) return false;
      this.taken += wanted - held;
      held = wanted;
      return true;
    };
    const release = (): void => {
      if (!released) this.taken -= held;
      released = true;
    };
    return ensure(bytes) ? { ensure, release } : null;
  }
}
