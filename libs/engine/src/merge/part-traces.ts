import type { RecordHeaders } from '../ports/log';

const MOST_OF_ONE = 16;
const MOST_WINDOWS = 1_024;

/**
 * Remembers which traced batches the parts of open windows come from: of each window the first and the newest. Windows of which
 * nobody has heard for longest are forgotten where there are too many.
 */
export class PartTraces {
  /** By metric and start of the window, the one heard of last behind the others. */
  private readonly windows = new Map<string, RecordHeaders[]>();

  note(metric: string, startMs: number, headers: RecordHeaders): void {
    const window = nameOf(metric, startMs);
    const known = this.windows.get(window) ?? [];
    this.windows.delete(window);
    this.windows.set(window, known);
    known.push(headers);
    if (known.length > MOST_OF_ONE) known.splice(1, 1);
    if (this.windows.size <= MOST_WINDOWS) return;
    const [longestAgo] = this.windows.keys();
    this.windows.delete(longestAgo!);
  }

  /** What is known of a window, the newest first; afterwards nothing is. */
  take(metric: string, startMs: number): readonly RecordHeaders[] {
    if (this.windows.size === 0) return [];
    const window = nameOf(metric, startMs);
    const known = this.windows.get(window);
    this.windows.delete(window);
    return known?.reverse() ?? [];
  }
}

const nameOf = (metric: string, startMs: number): string => `${metric}|${startMs}`;
