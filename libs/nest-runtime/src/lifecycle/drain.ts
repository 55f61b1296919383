import type { DrainTimes } from '@tillstream/config';

/** What is still under way then is told to give up, so that it can still say so. */
const HURRY_AT = 0.85;

/** The time that a service has to stop in, from the moment it begins to. */
export class Drain {
  private readonly hurrying = new AbortController();
  private endMs: number | null = null;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly times: DrainTimes) {}

  /** Aborted when there is hardly any time left. */
  get hurry(): AbortSignal {
    return this.hurrying.signal;
  }

  /** Until the rest is cut off; all of it before the drain has begun. */
  get leftMs(): number {
    return this.endMs === null ? this.times.timeoutMs : Math.max(0, this.endMs - performance.now());
  }

  begin(): void {
    if (this.endMs !== null) return;
    this.endMs = performance.now() + this.times.timeoutMs;
    this.timer = setTimeout(() => this.hurrying.abort(), this.times.timeoutMs * HURRY_AT).unref();
  }

  /** Nobody needs to hurry any more. */
  end(): void {
    clearTimeout(this.timer);
  }

  /** While callers hear that they are to go elsewhere. */
  notice(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.times.noticeMs));
  }

  /** Whether the work has ended in time. @throws what the work throws until then */
  async endsInTime(work: Promise<unknown>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const timeUp = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), this.leftMs);
    });
    try {
      return await Promise.race([work.then(() => true), timeUp]);
    } finally {
      clearTimeout(timer);
      work.catch(() => undefined); // nobody waits for it any more
    }
  }
}
