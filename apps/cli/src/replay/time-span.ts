import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { CliError } from '../cli-context';
import { decompressed } from './csv-file';
import type { CsvColumns, CsvKind } from './csv-kind';

/** First and last event time of a file, epoch ms. */
export interface TimeSpan {
  readonly firstMs: number;
  readonly lastMs: number;
}

const TAIL_CHARACTERS = 4096;

/** Looks only at the first and the last row: files are sorted by time. @throws CliError when they have no times */
export async function timeSpan(kind: CsvKind, path: string): Promise<TimeSpan> {
  let head = '';
  let tail = '';
  try {
    for await (const chunk of decompressed(path, createReadStream(path))) {
      const text = (chunk as Buffer).toString('latin1');
      if (head.length < TAIL_CHARACTERS) head += text.slice(0, TAIL_CHARACTERS);
      tail = (tail + text).slice(-TAIL_CHARACTERS);
    }
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`);
  }
  const [header = '', first = ''] = head.split('\n');
  const firstMs = timeOfLine(kind, header, first);
  const lastMs = timeOfLine(kind, header, tail.trimEnd().split('\n').at(-1) ?? '');
  if (firstMs === null || lastMs === null) throw new CliError(`${path} does not begin and end with a time`);
  return { firstMs, lastMs };
}

function timeOfLine(kind: CsvKind, header: string, line: string): number | null {
  try {
    const [row] = parse<CsvColumns>(`${header}\n${line}`, { bom: true, columns: true });
    return row === undefined ? null : kind.timeMs(row);
  } catch {
    return null;
  }
}
