import { decodeMetricsRecord } from '@tillstream/contracts';
import type { Platform } from '../e2e/platform';
import { numbersIn } from './events';
import type { FinalRow } from './ledger';
import { finalName } from './ledger';

const WAIT_MS = 1_000;
const SHOWN = 5;

/** All finals in the metrics topic, by name. @throws Error when one of them has ever changed */
export async function readFinals(platform: Platform): Promise<ReadonlyMap<string, FinalRow>> {
  const finals = new Map<string, FinalRow>();
  await eachRecord(platform, platform.definition.topics.metrics, (record) => {
    if (record.key?.[0] !== 'f'.charCodeAt(0)) return;
    const decoded = decodeMetricsRecord(record);
    if (decoded.kind !== 'result' || !decoded.final) return;
    const name = finalName(decoded.metric, decoded.startMs, decoded.group);
    const row = { name, measures: JSON.stringify(decoded.measures), truncated: decoded.truncated };
    const before = finals.get(name);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(row)) {
      throw new Error(`a final has changed: ${JSON.stringify(before)} became ${JSON.stringify(row)}`);
    }
    finals.set(name, row);
  });
  return finals;
}

/** In what finals differ from what they must be, the first few differences in words; empty when they are right. */
export function finalDifferences(
  wanted: ReadonlyMap<string, FinalRow>,
  found: ReadonlyMap<string, FinalRow>,
): readonly string[] {
  const problems: string[] = [];
  let count = 0;
  const note = (problem: string): void => {
    count += 1;
    if (count <= SHOWN) problems.push(problem.slice(0, 1_000));
  };
  for (const [name, row] of wanted) {
    const actual = found.get(name);
    if (actual === undefined) note(`missing: ${name} ${row.measures}`);
    else if (actual.measures !== row.measures || actual.truncated !== row.truncated) {
      note(
        `wrong: ${name}: ${actual.measures} (truncated ${actual.truncated}), wanted ${row.measures} (${row.truncated})`,
      );
    }
  }
  for (const [name, row] of found) if (!wanted.has(name)) note(`surplus: ${name} ${row.measures}`);
  if (count > SHOWN) problems.push(`… and ${count - SHOWN} more differences`);
  return problems;
}

/** How often each numbered event stands in raw. */
export async function countInRaw(
  platform: Platform,
  events: number,
): Promise<{ readonly missing: number; readonly repeated: number }> {
  const seen = new Uint8Array(events);
  let repeated = 0;
  await eachRecord(platform, platform.definition.topics.raw, ({ value }) => {
    for (const number of value === null ? [] : numbersIn(value)) {
      if (seen[number] === 1) repeated += 1;
      seen[number] = 1;
    }
  });
  let missing = 0;
  for (const mark of seen) if (mark === 0) missing += 1;
  return { missing, repeated };
}

type Reader = Platform['reader'];
type Record = Awaited<ReturnType<Reader['read']>>[number];

/** Reads what a topic holds now, record by record, a fetch at a time. */
export async function eachRecord(
  { reader, definition }: Pick<Platform, 'reader' | 'definition'>,
  topic: string,
  take: (record: Record) => void,
): Promise<void> {
  for (let partition = 0; partition < definition.schema.partitions; partition += 1) {
    const end = await reader.end(topic, partition);
    let next = await reader.begin(topic, partition);
    while (next < end) {
      const records = await reader.read(topic, partition, next, WAIT_MS);
      for (const record of records) take(record);
      const last = records.at(-1);
      if (last === undefined) break; // what is left has been compacted away
      next = last.offset + 1;
    }
  }
}
