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
              this.header(comparedHeader),
              rows.map((row) => this.cells(row, comparedCells).map(tableCell)),
            );
    }
  }

  private csv(rows: readonly ResultRow[]): string {
    const header = this.headerWritten ? [] : [this.header(comparedFields)];
    this.headerWritten = true;
    return [...header, ...rows.map((row) => this.cells(row, comparedValues).map(csvText))]
      .map((cells) => `${cells.join(',')}\n`)
      .join('');
  }

  private header(compared: (measure: string, other: string) => string[]): string[] {
    const { groupBy, measures } = this.metric;
    const values = [...groupBy, ...measures.map(({ name }) => name)];
    const changes = this.compared.flatMap(({ measure, other }) => compared(measure, other));
    return ['window_start', 'window_end', ...values, ...changes, 'final', 'late_rows'];
  }

  private cells(row: ResultRow, compared: (change: PlainValue, percent: PlainValue) => PlainValue[]): PlainValue[] {
    const { groupBy, measures } = this.metric;
    return [
      row.window_start,
      row.window_end,
      ...groupBy.map((name) => row.group[name] ?? null),
      ...measures.map(({ name }) => row.measures[name] ?? null),
      ...this.compared.flatMap(({ measure, other }) => {
        const { change, percent } = row.compared?.[other] ?? {};
        return compared(change?.[measure] ?? null, percent?.[measure] ?? null);
      }),
      row.final,
      row.late_rows,
    ];
  }

  /** Pairs of a measure that is a number and what it is compared with. */
  private get compared(): { readonly measure: string; readonly other: string }[] {
    const { compare, measures } = this.metric;
    const numbers = measures.filter(({ valueKind }) => NUMBER_KINDS.includes(valueKind));
    return compare.flatMap((other) => numbers.map(({ name }) => ({ measure: name, other })));
  }
}

const NUMBER_KINDS = ['integer', 'number', 'decimal'];

/** For people: both in one column. */
const comparedHeader = (measure: string, other: string): string[] => [`${measure} vs ${other}`];

function comparedCells(change: PlainValue, percent: PlainValue): PlainValue[] {
  if (change === null) return [null];
  return [`${signed(change)}${typeof percent === 'number' ? ` (${signed(Number(percent.toFixed(1)))} %)` : ''}`];
}

const signed = (value: PlainValue): string => (Number(value) > 0 ? `+${cellText(value)}` : cellText(value));

/** For programs: a column each. */
function comparedFields(measure: string, other: string): string[] {
  return [`${measure}_vs_${other}`, `${measure}_vs_${other}_percent`];
}

const comparedValues = (change: PlainValue, percent: PlainValue): PlainValue[] => [change, percent];

const MAX_LIST_CHARACTERS = 40;

/** Numbers as such: the table puts them to the right. */
export const tableCell = (value: PlainValue): string | number =>
  Number.isInteger(value) ? Number(value) : cellText(value);

/** For people: lists are cut to so many characters, nothing is a dash. */
export function cellText(value: PlainValue, mostOfList = MAX_LIST_CHARACTERS): string {
  if (value === null) return '–';
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(2);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (!isList(value)) return `${cellText(value.value)} ${cellText(value.amount)}`;
  const text = value.map((item) => cellText(item)).join(', ');
  return text.length <= mostOfList ? text : `${text.slice(0, mostOfList - 1)}…`;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

/** RFC 4180; lists are JSON. */
export function csvText(value: PlainValue): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
