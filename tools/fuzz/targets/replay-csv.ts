import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { CliError } from '../../../apps/cli/src/cli-context';
import { csvRows } from '../../../apps/cli/src/replay/csv-rows';
import { REES46 } from '../../../apps/cli/src/replay/rees46-row';
import { BrokenPromiseError, expectSame, type FuzzTarget, promise } from '../fuzz-target';

const HOUR_MS = 3_600_000;
const SUFFIXES = ['', '.gz', '.zst'];
const directory = mkdtempSync(join(tmpdir(), 'tillstream-fuzz-csv-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));

/** The first byte says how the file is compressed, or is said to be. */
async function run(input: Uint8Array): Promise<void> {
  const suffix = SUFFIXES[(input[0] ?? 0) % SUFFIXES.length] ?? '';
  const path = join(directory, `a.csv${suffix}`);
  writeFileSync(path, input.subarray(1));
  const rows: { readonly number: number; readonly text: string; readonly timeMs: number | null }[] = [];
  try {
    for await (const row of csvRows(REES46, [{ path, size: input.length }]).rows({ file: 0, rowsDone: 0 }, HOUR_MS))
      rows.push(row);
  } catch (error) {
    if (error instanceof CliError) return;
    throw error;
  }
  for (const [i, { number, text, timeMs }] of rows.entries()) {
    expectSame('number', number, i + 1);
    const event = parsed(text);
    expectSame('id', event['event_id'], `a.csv#${number}`);
    promise(!text.includes('\n'), 'a row that takes more than a line');
    promise(
      timeMs === null || new Date(timeMs).toISOString() === event['timestamp'],
      `the time of ${text} is ${timeMs}`,
    );
  }
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new BrokenPromiseError(`a row is not JSON: ${text}`);
  }
}

function seeds(): Uint8Array[] {
  const head = `${REES46.columns.join(',')}\n`;
  const rows = [
    '2019-10-01 00:00:00 UTC,view,1,electronics.smartphone,apple,999.99,5,aa-bb\n',
    '2019-10-01 00:00:01 UTC,cart,"2","a ""b"", c",,0.10,6,\n',
    'not a time,purchase,3,,x,-,7,s\n',
    '2019-02-30 00:00:00 UTC,purchase,,,,1e5,,\r\n',
  ];
  const csv = Buffer.from(head + rows.join(''));
  const kinds = [csv, gzipSync(csv), zstdCompressSync(csv)].map((file, kind) => Buffer.concat([Buffer.of(kind), file]));
  return [...kinds, ...rows.map((row) => Buffer.from(`\0${head}${row}`)), Buffer.from(`\0\ufeff${head}`)];
}

export const target: FuzzTarget = {
  name: 'replay-csv',
  about:
    'CSV files to replay, compressed or not: one row of JSON a line of the file, or a CliError that says what is wrong',
  maxBytes: 2_048,
  dictionary: [...REES46.columns, '"', '""', ',', '\r\n', '\n', ' UTC', '2019-10-01 00:00:00', '\\', '\u2028', '\0'],
  seeds,
  run,
};
