import { PartitionAggregator, type SavedAggregator } from '@tillstream/core';
import { metricLists, logEntries, PartitionLog, testSchema } from '@tillstream/core/testing';
import * as fc from 'fast-check';

import { expectSame, type FuzzTarget, unlessRefused } from '../fuzz-target';

const METRIC_LISTS = 3;
const LENGTH_BYTES = 2;

/** Many kinds of measures and windows at once. */
const metrics = fc
  .sample(metricLists, { seed: 3, numRuns: METRIC_LISTS })
  .flat()
  .map((metric, i) => ({ ...metric, name: `m${i}`, identity: `m${i}@${i}` }));
const options = { schema: testSchema, metrics, partition: 0 };
const [entries = []] = fc
  .sample(logEntries(['ann', 'bob', '', null], 60), { seed: 5, numRuns: 30 })
  .sort((a, b) => b.length - a.length);
const log = new PartitionLog(testSchema, 0, entries);
const HALF = entries.length >> 1;

const isRefusal = (error: unknown): boolean => error instanceof RangeError;

/** Pieces with their lengths before them: the state, then name and bytes of each delta. */
function savedOf(input: Uint8Array): SavedAggregator {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at + LENGTH_BYTES <= input.length;) {
    const end = at + LENGTH_BYTES + ((input[at] as number) * 256 + (input[at + 1] as number));
    pieces.push(input.subarray(at + LENGTH_BYTES, end));
    at = end;
  }
  const [state = new Uint8Array(0), ...rest] = pieces;
  const deltas = Array.from({ length: rest.length >> 1 }, (_, i) => ({
    slice: Buffer.from(rest[2 * i] ?? []).toString('latin1'),
    bytes: rest[2 * i + 1] ?? new Uint8Array(0),
  }));
  return { next: log.rawFrom(HALF), state, deltas };
}

function run(input: Uint8Array): void {
  const restored = unlessRefused(isRefusal, () => PartitionAggregator.restore(options, savedOf(input)));
  if (restored === undefined) return;
  // Whatever was taken for a checkpoint goes on, and is saved and restored as what it is.
  restored.apply(log.batch(HALF, HALF + 1));
  const first = toldBy(restored);
  const { state, deltas, rewrites, drops } = restored.takeDeltas();
  const { deltas: before } = savedOf(input);
  const replaced = new Set([...rewrites.map(({ slice }) => slice), ...drops]);
  const kept = [...before].filter(({ slice }) => !replaced.has(slice));
  const copy = PartitionAggregator.restore(options, {
    next: restored.next,
    state,
    deltas: [...kept, ...deltas, ...rewrites],
  });
  expectSame('told once', toldBy(restored).length, toldBy(copy).length);
  for (const each of [restored, copy]) each.apply(log.batch(HALF + 1, entries.length));
  expectSame('told after being saved and restored', toldBy(copy), toldBy(restored));
  expectSame('told before', first.length >= 0, true);
}

function toldBy(aggregator: PartitionAggregator): readonly unknown[] {
  const closed = aggregator.takeClosed().map(({ metric, ...window }) => [metric.name, window]);
  const { rows, counts } = aggregator.takeLate();
  const late = rows.map(({ metric, ...row }) => [metric.name, row]);
  return [...closed, ...late, ...counts.map(({ metric, ...count }) => [metric.name, count])];
}

function framed(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(pieces.flatMap((piece) => [Buffer.of(piece.length >> 8, piece.length & 0xff), piece]));
}

function seeds(): Uint8Array[] {
  const start = { next: 0, before: log.before(0), completeFromMs: -Infinity };
  return [0, 1, HALF >> 1, HALF].map((to) => {
    const aggregator = PartitionAggregator.create(options, start);
    aggregator.apply(log.batch(0, to));
    const { state, deltas } = aggregator.takeDeltas();
    return framed([state, ...deltas.flatMap(({ slice, bytes }) => [Buffer.from(slice, 'latin1'), bytes])]);
  });
}

export const target: FuzzTarget = {
  name: 'checkpoint',
  about:
    'state and deltas of an aggregator as a store gives them back: RangeError, or a state that goes on and is saved as what it is',
  maxBytes: 8_192,
  dictionary: metrics.flatMap(({ identity }) => ['slice', 'sent', 'late'].map((what) => `${identity}/${what}/0`)),
  seeds,
  run,
};
