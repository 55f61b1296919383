import type { MetricMessage, WindowResultMessage } from '@tillstream/contracts';
import type { CliContext } from '../cli-context';
import { table } from '../table';
import { toRow, type PlainValue, type ResultRow } from './result-row';

export type OutputFormat = 'table' | 'json' | 'csv';

/** Prints results as they come: one JSON object a line, CSV with a header, or a table for each page. */
export class RowPrinter {
  private headerWritten = false;

  constructor(
    private readonly context: CliContext,
    private readonly metric: MetricMessage,
    private readonly format: OutputFormat,
  ) {}

  /** Resolves when the reader of the output has taken it. */
  async print(messages: readonly WindowResultMessage[]): Promise<void> {
    if (!this.context.write(this.text(messages.map(toRow)))) await this.context.drained();
  }

  private text(rows: readonly ResultRow[]): string {
    switch (this.format) {
      case 'json':
        return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      case 'csv':
        return this.csv(rows);
      case 'table':
        return rows.length === 0
          ? ''
          : table(
              this.header,
              rows.map((row) => this.cells(row).map(tableCell)),
            );
    }
  }

  private csv(rows: readonly ResultRow[]): string {
    const header = this.headerWritten ? [] : [this.header];
    this.headerWritten = true;
    return [...header, ...rows.map((row) => this.cells(row).map(csvText))]
      .map((cells) => `${cells.join(',')}\n`)
      .join('');
  }

  private get header(): string[] {
    const { groupBy, measures } = this.metric;
    const values = [...groupBy, ...measures.map(({ name }) => name)];
    return ['window_start', 'window_end', ...values, 'final', 'late_rows'];
  }

  private cells(row: ResultRow): PlainValue[] {
    const { groupBy, measures } = this.metric;
    return [
      row.window_start,
      row.window_end,
      ...groupBy.map((name) => row.group[name] ?? null),
      ...measures.map(({ name }) => row.measures[name] ?? null),
      row.final,
      row.late_rows,
    ];
  }
}

const MAX_LIST_CHARACTERS = 40;

/** Numbers as such: the table puts them to the right. */
const tableCell = (value: PlainValue): string | number => (Number.isInteger(value) ? Number(value) : cellText(value));

/** For people: lists are cut, nothing is a dash. */
export function cellText(value: PlainValue): string {
  if (value === null) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(2);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (!isList(value)) return `${cellText(value.value)} ${cellText(value.amount)}`;
  const text = value.map(cellText).join(', ');
  return text.length <= MAX_LIST_CHARACTERS ? text : `${text.slice(0, MAX_LIST_CHARACTERS - 1)}…`;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

/** RFC 4180; lists are JSON. */
function csvText(value: PlainValue): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
