import type { Turn } from './turn';

/** A turn without a scheduler: calls go on at once, or when what they wait for has come. For contract tests. */
export class ImmediateTurn implements Turn {
  private readonly waiting = new Set<() => void>();

  constructor(private readonly nowMs: () => number) {}

  /** Something has changed: whoever waits looks again. */
  changed(): void {
    for (const look of this.waiting) look();
  }

  wait(_label: string, ready: () => boolean = () => true, deadlineMs = Infinity): Promise<'ready' | 'timeout'> {
    return new Promise((resolve) => {
      const look = (): void => {
        const outcome = ready() ? 'ready' : deadlineMs <= this.nowMs() ? 'timeout' : null;
        if (outcome === null) return;
        this.waiting.delete(look);
        resolve(outcome);
      };
      this.waiting.add(look);
      look();
    });
  }
}
