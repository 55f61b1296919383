import type { CliClock } from './cli-clock';
import type { CliContext } from './cli-context';

const REDRAW_MS = 200;
const LINE_EVERY_MS = 5_000;

/** One line about work under way: redrawn in place on a terminal, a line now and then elsewhere. */
export class Progress {
  private shownMs: number;
  private drawn = false;

  constructor(
    private readonly context: CliContext,
    private readonly clock: CliClock,
  ) {
    this.shownMs = clock.monotonicMs();
  }

  /** @param describe called only when something is to be shown */
  show(describe: () => string): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.shownMs < (this.context.isTerminal ? REDRAW_MS : LINE_EVERY_MS)) return;
    this.shownMs = nowMs;
    if (this.context.isTerminal) {
      this.context.note(`\r${describe().slice(0, this.context.columns - 1)}\u001b[K`);
      this.drawn = true;
    } else {
      this.context.note(`${describe()}\n`);
    }
  }

  /** The last word, on a line of its own. */
  end(summary: string): void {
    this.context.note(`${this.drawn ? '\r\u001b[K' : ''}${summary}\n`);
    this.drawn = false;
  }
}
