import type { SqlColumnMessage } from '@tillstream/contracts';
import { CliError } from '../cli-context';
import { cellText } from '../query/print-rows';
import type { PlainValue } from '../query/result-row';

/** Names beside the bars are cut to so many characters. */
const MOST_OF_LABEL = 40;
const LEAST_BAR = 10;
/** Parts of a character, by eighths. */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const NUMBER = /^(DECIMAL|DOUBLE|FLOAT|REAL|U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER)/;

/**
 * A bar a row: as long as the first column that is a number says, beside what the other columns say. Bars of amounts below zero
 * are hollow.
 *
 * @param width of the terminal, in characters
 */
export function chart(
  columns: readonly SqlColumnMessage[],
  rows: readonly (readonly PlainValue[])[],
  width: number,
): string {
  const measured = columns.findIndex(({ type }) => NUMBER.test(type) && !type.endsWith('[]'));
  if (measured < 0) throw new CliError('a chart wants a column that is a number', 'Select a count or a sum.');
  const bars = rows.map((row) => ({
    label: shortened(labelOf(row.filter((_, column) => column !== measured))),
    text: cellText(row[measured] ?? null),
    size: Number(row[measured] ?? 0),
  }));
  const labels = Math.max(0, ...bars.map(({ label }) => label.length));
  const numbers = Math.max(0, ...bars.map(({ text }) => text.length));
  const room = Math.max(LEAST_BAR, width - labels - numbers - 4);
  const longest = Math.max(...bars.map(({ size }) => Math.abs(size)).filter(Number.isFinite), 0);
  return bars
    .map(({ label, text, size }) => {
      const bar = longest === 0 ? '' : barOf(size / longest, room);
      return `${label.padEnd(labels)}  ${text.padStart(numbers)}  ${bar}`.trimEnd();
    })
    .map((line) => `${line}\n`)
    .join('');
}

const labelOf = (values: readonly PlainValue[]): string => values.map((value) => cellText(value)).join(' · ');

function shortened(label: string): string {
  return label.length <= MOST_OF_LABEL ? label : `${label.slice(0, MOST_OF_LABEL - 1)}…`;
}

function barOf(share: number, room: number): string {
  if (!Number.isFinite(share)) return '';
  const eighths = Math.round(Math.abs(share) * room * 8);
  if (share < 0) return '░'.repeat(Math.max(1, Math.round(eighths / 8)));
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!;
}
