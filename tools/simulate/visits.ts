import type { StreamDefinition } from '@tillstream/contracts';
import { derivedOf } from '@tillstream/contracts';
import { rowToJson } from '@tillstream/core';
import type { LogRecord } from '@tillstream/engine';
import { readableBatch } from '@tillstream/engine';
import type { ExpectedOutcome, ExpectedRecord, ExpectedVisits, PlainDefinition, PlainEra } from '../oracle/raw-oracle';
import { expectedVisits } from '../oracle/raw-oracle';
import type { Change } from './change';
import { offsetOfChange } from './change';
import type { ReadTopic } from './verdict';

const text = new TextDecoder();

/** What must come of visits, by partition; nothing where nobody has declared any. */
export function demandedVisits(
  plain: PlainDefinition,
  { partitions }: ExpectedOutcome,
  recordsOf: ReadTopic,
  { topics }: StreamDefinition,
  change: Change | undefined,
): readonly ExpectedVisits[] {
  const raw = recordsOf(topics.raw);
  return partitions.map((outcome, partition) => {
    const first = { from: 0, sessions: plain.sessions ?? null, attribution: plain.attribution ?? null };
    const changeAt = change ? offsetOfChange(raw[partition] ?? [], change.definition.sha256) : Infinity;
    const eras: PlainEra[] = [first];
    if (change?.visits && changeAt !== Infinity) eras.push({ from: changeAt + 1, ...change.visits });
    return expectedVisits(plain, outcome, eras);
  });
}

/** Sessions, carts and attributions must stand in their topics as the oracle has them, each record always with the same bytes. */
export function compareVisits(
  definition: StreamDefinition,
  expected: readonly ExpectedVisits[],
  recordsOf: ReadTopic,
): string[] {
  const { topics, sessions, attribution, derived } = definition;
  const read = (topic: string, isThere: unknown): readonly (readonly LogRecord[])[] =>
    isThere ? recordsOf(topic) : [];
  const carts = recordsOf(topics.alerts).map((records) => records.filter(isCart));
  const rowsOf = (of: string): string[] => {
    const stream = derived?.find((one) => one.of === of)?.definition;
    return stream ? checkRows(stream, recordsOf(stream.topics.enriched)) : [];
  };
  const wanted = (of: 'sessions' | 'carts' | 'attributions'): ExpectedRecord[] => expected.flatMap((one) => one[of]);
  return [
    ...compareRecords('session', wanted('sessions'), read(topics.sessions, sessions)),
    ...compareRecords('abandoned cart', wanted('carts'), carts),
    ...compareRecords('attribution', wanted('attributions'), read(topics.attributions, attribution)),
    ...rowsOf('sessions'),
    ...rowsOf('attributions'),
    ...(sessions ? compareRows(definition, 'sessions', expected, recordsOf) : []),
    ...(attribution ? compareRows(definition, 'attributions', expected, recordsOf) : []),
  ];
}

/** Is it the record of a cart that was left behind? */
export function isCart({ key }: Pick<LogRecord, 'key'>): boolean {
  return key !== null && text.decode(key).startsWith('a|');
}

function compareRecords(
  what: string,
  wanted: readonly ExpectedRecord[],
  records: readonly (readonly LogRecord[])[],
): string[] {
  const problems: string[] = [];
  const actual = new Map<string, string>();
  for (const { key, value } of records.flat()) {
    const name = text.decode(key ?? undefined);
    const now = text.decode(value ?? undefined);
    const before = actual.get(name);
    if (before !== undefined && before !== now) problems.push(`${what} changed: ${name}: ${before} then ${now}`);
    actual.set(name, now);
  }
  const told = new Set([...actual].map(([key, value]) => lineOf(key, JSON.parse(value) as ExpectedRecord['json'])));
  const due = new Set(wanted.map(({ key, json }) => lineOf(key, json)));
  return [
    ...problems,
    ...[...due].filter((line) => !told.has(line)).map((line) => `missing ${what}: ${line}`),
    ...[...told].filter((line) => !due.has(line)).map((line) => `surplus ${what}: ${line}`),
  ];
}

/** In whatever order its members stand, without what names the declaration. */
function lineOf(key: string, json: Readonly<Record<string, unknown>>): string {
  const members = Object.entries(json).filter(([name]) => name !== 'definition');
  return JSON.stringify([key, members.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A chain of rows without a hole, none of which is older than those before it have promised. */
function checkRows(stream: StreamDefinition, partitions: readonly (readonly LogRecord[])[]): string[] {
  const problems: string[] = [];
  partitions.forEach((records, partition) => {
    let next: number | null = null;
    for (const record of records) {
      const batch = readableBatch(record);
      if (!batch) continue;
      const place = `${stream.topics.enriched}/${partition}`;
      if (next !== null && batch.rawFrom > next) problems.push(`${place}: hole [${next}, ${batch.rawFrom})`);
      if (next === null || batch.rawNext > next) next = batch.rawNext;
    }
  });
  return problems;
}

/** The rows, as a reader of the chain takes them, are those of what was told, at the records that brought it about. */
function compareRows(
  definition: StreamDefinition,
  of: 'sessions' | 'attributions',
  expected: readonly ExpectedVisits[],
  recordsOf: ReadTopic,
): string[] {
  const stream = definition.derived?.find((one) => one.of === of)?.definition;
  if (!stream || derivedOf(stream) !== of) return [`no derived stream of ${of}`];
  const told: string[] = [];
  recordsOf(stream.topics.enriched).forEach((records, partition) => {
    let next = -1;
    for (const batch of records.flatMap((record) => readableBatch(record) ?? [])) {
      if (batch.rawNext <= next) continue;
      for (let record = 0, row = 0; record < batch.records.count; record += 1) {
        const offset = batch.records.offsets[record] ?? -1;
        for (const end = row + (batch.records.rowCounts[record] ?? 0); row < end; row += 1) {
          if (offset < next) continue;
          const fields = JSON.parse(rowToJson(stream.schema, batch, row)) as Readonly<Record<string, unknown>>;
          told.push(JSON.stringify([partition, offset, ...(of === 'sessions' ? sessionRow(fields) : pairRow(fields))]));
        }
      }
      next = batch.rawNext;
    }
  });
  const due = expected.flatMap((visits, partition) =>
    visits[of].map(({ json, key }) => {
      const at = of === 'sessions' ? json['closed_by'] : json['decided_by'];
      return JSON.stringify([partition, at, ...(of === 'sessions' ? sessionDue(key, json) : pairRow(json))]);
    }),
  );
  const [toldLines, dueLines] = [told.sort(), due.sort()];
  const missing = dueLines.filter((line) => !toldLines.includes(line)).map((line) => `missing row of ${of}: ${line}`);
  const surplus = toldLines.filter((line) => !dueLines.includes(line)).map((line) => `surplus row of ${of}: ${line}`);
  const isDoubled = toldLines.length > new Set(toldLines).size;
  return [...missing, ...surplus, ...(isDoubled ? [`doubled rows of ${of}`] : [])];
}

type Json = Readonly<Record<string, unknown>>;

function sessionRow(row: Json): unknown[] {
  return ['session_id', 'events', 'purchases', 'converted', 'cut', 'abandoned'].map((name) => row[name] ?? null);
}

function sessionDue(key: string, json: Json): unknown[] {
  return [key, ...['events', 'purchases', 'converted', 'cut', 'abandoned'].map((name) => json[name] ?? null)];
}

function pairRow(row: Json): unknown[] {
  return ['purchase_id', 'view_id', 'touch', 'views', 'direct', 'truncated'].map((name) => row[name] ?? null);
}
