import type { CliClock } from '../cli-clock';
import type { CliContext } from '../cli-context';
import type { StreamTail, TailCounts } from './stream-tail';

/** How often the log is looked at when events are shown. */
const LOOK_EVERY_MS = 250;
const HEADER = ['time', 'events', 'a second', 'in all', 'left out', 'dead letters', 'behind', 'newest event'];
/** The header is told again after so many lines. */
const LINES_BETWEEN_HEADERS = 20;

/** Writes each event as a line of JSON until interrupted, or until there have been `most`. */
export async function tailEvents(tail: StreamTail, most: number, context: CliContext, clock: CliClock): Promise<void> {
  let told = 0;
  for (;;) {
    const lines: string[] = [];
    await tail.look((event) => lines.push(`${event}\n`));
    const some = lines.slice(0, most - told);
    told += some.length;
    if (some.length > 0 && !context.write(some.join(''))) await context.drained();
    if (told >= most || context.signal.aborted) return;
    await clock.sleep(LOOK_EVERY_MS, context.signal);
  }
}

/** Writes every `everyMs` how much has come since, until interrupted, or `most` times. */
export async function tailCounts(
  tail: StreamTail,
  { everyMs, most }: { readonly everyMs: number; readonly most: number },
  context: CliContext,
  clock: CliClock,
): Promise<void> {
  let before = await tail.look();
  let beforeMs = clock.monotonicMs();
  for (let told = 0; told < most; told += 1) {
    await clock.sleep(everyMs, context.signal);
    if (context.signal.aborted) return;
    const counts = await tail.look();
    const nowMs = clock.monotonicMs();
    if (told % LINES_BETWEEN_HEADERS === 0) context.write(line(HEADER));
    context.write(line(cellsOf(counts, before, (nowMs - beforeMs) / 1000, clock.nowMs())));
    before = counts;
    beforeMs = nowMs;
  }
}

function cellsOf(counts: TailCounts, before: TailCounts, seconds: number, nowMs: number): string[] {
  const events = counts.events - before.events;
  return [
    new Date(nowMs).toISOString().slice(11, 19),
    number(events),
    number(events / seconds, 1),
    number(counts.events),
    number(counts.leftOut - before.leftOut),
    number(counts.deadLetters - before.deadLetters),
    number(counts.behind),
    counts.newestMs === -Infinity ? '–' : new Date(counts.newestMs).toISOString(),
  ];
}

function number(value: number, digits = 0): string {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

const WIDTHS = [8, 9, 10, 12, 9, 13, 8, 25];

function line(cells: readonly string[]): string {
  return `${cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join(' ')}\n`;
}
