import {
  fromTimestamp,
  type RetractionMessage,
  type ValueMessage,
  type WindowResultMessage,
} from '@tillstream/contracts';

/** A value for people and programs: exact decimals stay text, and so do integers that a double cannot hold. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | RankedValue;

/** An item of a `top`. */
interface RankedValue {
  readonly value: PlainValue;
  readonly amount: PlainValue;
}

/** One group's window, as a result on Kafka reads. */
export interface ResultRow {
  readonly metric: string;
  readonly window_start: string;
  readonly window_end: string;
  readonly group: Readonly<Record<string, PlainValue>>;
  readonly measures: Readonly<Record<string, PlainValue>>;
  readonly final: boolean;
  readonly revision: PlainValue;
  readonly late_rows: PlainValue;
  readonly truncated?: true;
  /** By what it is compared with. */
  readonly compared?: Readonly<Record<string, ComparedRow>>;
}

/** What a result has changed by since an earlier window, by measure. */
export interface ComparedRow {
  readonly window_start: string;
  readonly change: Readonly<Record<string, PlainValue>>;
  readonly percent: Readonly<Record<string, PlainValue>>;
}

export function toRow(message: WindowResultMessage): ResultRow {
  return {
    metric: message.metric,
    window_start: instantText(message.start),
    window_end: instantText(message.end),
    group: plainValues(message.group),
    measures: plainValues(message.measures),
    final: message.final,
    revision: integer(message.revision),
    late_rows: integer(message.lateRows),
    ...(message.truncated ? { truncated: true } : {}),
    ...(message.comparisons.length === 0 ? {} : { compared: comparedRows(message) }),
  };
}

function comparedRows({ comparisons }: WindowResultMessage): Record<string, ComparedRow> {
  return Object.fromEntries(
    comparisons.map(({ with: name, start, change, percent }) => [
      name,
      { window_start: instantText(start), change: plainValues(change), percent: plainValues(percent) },
    ]),
  );
}

/** What identifies a row among all of a metric's. */
export function keyOf({ start, group }: RetractionMessage): string {
  return `${instantText(start)} ${JSON.stringify(plainValues(group))}`;
}

export function plainValues(values: Readonly<Record<string, ValueMessage>>): Record<string, PlainValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value)]));
}

export function plainValue({ integer: whole, number, decimal, text, flag, list, ranking }: ValueMessage): PlainValue {
  if (ranking) {
    return ranking.values.map(({ value, amount }) => ({
      value: plainValue(value ?? {}),
      amount: plainValue(amount ?? {}),
    }));
  }
  if (list) return list.values.map(plainValue);
  return (whole === undefined ? undefined : integer(whole)) ?? number ?? decimal ?? text ?? flag ?? null;
}

function integer(text: string): PlainValue {
  return Number.isSafeInteger(Number(text)) ? Number(text) : text;
}

export function instantText(message: WindowResultMessage['start']): string {
  return message === null ? '' : new Date(fromTimestamp(message)).toISOString();
}
