import type { ReplayRow } from './replay-source';

/** A line of a CSV file, by column. */
export type CsvColumns = Readonly<Record<string, string>>;

/** How the rows of one kind of CSV file become events. */
export interface CsvKind {
  /** What people call such files. */
  readonly name: string;
  /** Those that are read; a file may have more. */
  readonly columns: readonly string[];
  /**
   * One row as an event.
   *
   * @param source name of the file, the same however it is compressed
   * @param shiftMs added to the time
   */
  row(source: string, number: number, columns: CsvColumns, shiftMs: number): Omit<ReplayRow, 'file'>;
  /** When it happened; null: that cannot be read. */
  timeMs(columns: CsvColumns): number | null;
}

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** The digits as they are, as a JSON number where they are one; else text, for the gateway to refuse with its reason. */
export function jsonNumber(digits: string): string {
  return JSON_NUMBER.test(digits) ? digits : JSON.stringify(digits);
}
