import { setTimeout as sleep } from 'node:timers/promises';

/** Doubles from 50 ms to a second, give or take a fifth, so that many who wait do not come back at once. */
export class Backoff {
  #nextMs = 50;

  constructor(private readonly random: () => number = Math.random) {}

  reset(): void {
    this.#nextMs = 50;
  }

  /** Resolves early, without an error, when `signal` is aborted. */
  async wait(signal?: AbortSignal): Promise<void> {
    const delayMs = this.#nextMs * (0.8 + 0.4 * this.random());
    this.#nextMs = Math.min(1_000, this.#nextMs * 2);
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}
