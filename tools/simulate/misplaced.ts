import type { ExpectedOutcome, OracleRecord } from '../oracle/raw-oracle';
import { sourceOf } from '../oracle/raw/raw-headers';
import type { RowText } from '../oracle/raw/row-texts';
import { rowTextsOf } from '../oracle/raw/row-texts';

/**
 * Every row that stands in the wrong partition is brought to the right one, as it is, and taken there exactly once: however
 * often it is brought again is the reader's to see through. Returns what is wrong about it.
 */
export function compareMisplaced(
  expected: ExpectedOutcome,
  raw: readonly (readonly OracleRecord[])[],
): readonly string[] {
  const wanted = new Map<string, number>();
  expected.partitions.forEach(({ misplaced }, source) => {
    for (const { offset, index, targetPartition } of misplaced) {
      const record = raw[source]?.find((candidate) => candidate.offset === offset);
      add(wanted, arrival(source, offset, targetPartition, textAt(record, index)));
    }
  });
  const taken = new Map<string, number>();
  raw.forEach((records, target) => {
    const known = new Set(expected.partitions[target]?.broughtBefore.map(({ id }) => id));
    for (const record of records) {
      const source = sourceOf(record);
      source?.rowOffsets.forEach((offset, index) => {
        if (known.has(`${target}|${record.offset}|${index}`)) return;
        add(taken, arrival(source.partition, offset, target, textAt(record, index)));
      });
    }
  });
  const arrivals = [...new Set([...wanted.keys(), ...taken.keys()])];
  return arrivals.flatMap((what) => {
    const [times, due] = [taken.get(what) ?? 0, wanted.get(what) ?? 0];
    return times === due ? [] : [`misplaced row: arrives ${times} times instead of ${due}: ${what}`];
  });
}

function arrival(source: number, offset: number, target: number, text: string): string {
  return `${source}|${offset} in ${target}: ${text}`;
}

function textAt(record: OracleRecord | undefined, index: number): string {
  const texts = record && rowTextsOf(record.value ?? new Uint8Array(), sourceOf(record) !== null);
  const row: RowText | undefined = texts?.kind === 'rows' ? texts.rows[index] : undefined;
  return row?.kind === 'text' ? row.text : '?';
}

function add(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
