import * as fc from 'fast-check';
import type { PlacedRecord, ViewRecord } from '../view/view-record';

/** A small world in which everything collides with everything. */
export const METRICS = ['m@1', 'n@2'] as const;
export const STARTS = [0, 1_000, 2_000] as const;
export const GROUPS = ['["a"]', '["b"]', '["c"]', '["d"]'] as const;
export const PARTITIONS = 2;

/** Lower than that of some provisionals: being final is what counts. */
export const FINAL_REVISION = 6;

/** A group's results always stand in the same partition. */
export const partitionOf = (group: string): number => GROUPS.indexOf(group as (typeof GROUPS)[number]) % PARTITIONS;

/** A record and the partition it stands in. */
export interface Sent {
  readonly partition: number;
  readonly record: ViewRecord;
}

/** What a provisional says is a function of its revision, whoever sends it. */
export function provisional(metric: string, startMs: number, group: string, revision: number): Sent {
  const retracted = revision % 4 === 0;
  const payload = retracted ? '' : `p${revision}`;
  const record = { kind: 'row', metric, startMs, group, final: false, revision, retracted, payload } as const;
  return { partition: partitionOf(group), record };
}

export function final(metric: string, startMs: number, group: string): Sent {
  const record = {
    kind: 'row',
    metric,
    startMs,
    group,
    final: true,
    revision: FINAL_REVISION,
    retracted: false,
    payload: 'F',
  } as const;
  return { partition: partitionOf(group), record };
}

export function removed(metric: string, startMs: number, group: string, isFinal: boolean): Sent {
  return { partition: partitionOf(group), record: { kind: 'row-removed', metric, startMs, group, final: isFinal } };
}

export function closed(metric: string, startMs: number, partition: number): Sent {
  return { partition, record: { kind: 'closed', metric, startMs } };
}

export function late(metric: string, startMs: number, partition: number, revision: number): Sent {
  return { partition, record: { kind: 'late', metric, startMs, source: partition, count: revision * 2, revision } };
}

const metric = fc.constantFrom(...METRICS);
const start = fc.constantFrom(...STARTS);
const group = fc.constantFrom(...GROUPS);
const partition = fc.nat(PARTITIONS - 1);
const revision = fc.integer({ min: 1, max: 12 });

export const provisionals = fc.tuple(metric, start, group, revision).map((fields) => provisional(...fields));
export const finals = fc.tuple(metric, start, group).map((fields) => final(...fields));
export const removals = fc.tuple(metric, start, group, fc.boolean()).map((fields) => removed(...fields));
export const closings = fc.tuple(metric, start, partition).map((fields) => closed(...fields));
export const lates = fc.tuple(metric, start, partition, revision).map((fields) => late(...fields));

/** Anything in any order: owners that come back with old results, repeated records, tombstones. */
export const histories = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: provisionals },
    { weight: 2, arbitrary: finals },
    { weight: 1, arbitrary: removals },
    { weight: 1, arbitrary: closings },
    { weight: 1, arbitrary: lates },
  ),
  { maxLength: 60 },
);

/** The history as it would be if no owner ever came back with an older result: revisions only rise. */
export function rising(history: readonly Sent[]): Sent[] {
  return history.map((sent, index) => {
    const { record, partition } = sent;
    if (record.kind === 'late') return late(record.metric, record.startMs, partition, index + 1);
    if (record.kind !== 'row' || record.final) return sent;
    return provisional(record.metric, record.startMs, record.group, index + 1);
  });
}

/** A record as it stands in the log. */
export type Logged = PlacedRecord & { readonly record: ViewRecord };

/** The partitions' logs, with offsets from 0. */
export function logsOf(history: readonly Sent[]): Logged[][] {
  const logs: Logged[][] = Array.from({ length: PARTITIONS }, () => []);
  for (const sent of history) {
    const log = logs[sent.partition]!;
    log.push({ offset: log.length, appendMs: log.length, record: sent.record });
  }
  return logs;
}

/** What the key of a record would be in the log. */
function keyOf(record: ViewRecord): string {
  const window = `${record.metric}|${record.startMs}`;
  switch (record.kind) {
    case 'row':
    case 'row-removed':
      return `${record.final ? 'f' : 'p'}|${window}|${record.group}`;
    case 'closed':
      return `c|${window}`;
    case 'late':
    case 'late-removed':
      return `l|${window}|${record.source}`;
  }
}

/** A log as the cleaner leaves it: of the records below `cleanTo`, the last of each key; tombstones are kept. */
export function compacted(log: readonly Logged[], cleanTo: number): Logged[] {
  const last = new Map(log.map(({ offset, record }) => [keyOf(record), offset]));
  return log.filter(({ offset, record }) => offset >= cleanTo || last.get(keyOf(record)) === offset);
}
