import {
  decodeEventBatch,
  encodeEventBatch,
  EventBatchFormatError,
  type EventBatch,
  numberAt,
  textAt,
} from '@tillstream/core';
import { anEventBatch } from '@tillstream/core/testing';
import * as fc from 'fast-check';

import { expectSame, type FuzzTarget, unlessRefused } from '../fuzz-target';

const isRefusal = (error: unknown): boolean => error instanceof EventBatchFormatError;

function run(input: Uint8Array): void {
  const batch = unlessRefused(isRefusal, () => decodeEventBatch(input));
  if (batch === undefined) return;
  const bytes = encodeEventBatch(batch);
  const again = decodeEventBatch(bytes);
  expectSame('written again', encodeEventBatch(again), bytes);
  expectSame('read again', contentOf(again), contentOf(batch));
}

/** Everything a reader can ask a batch for. */
function contentOf(batch: EventBatch): unknown {
  const { columns, ...rest } = batch;
  const values = [...columns].map(([field, column]) => [
    field,
    column.kind,
    Array.from({ length: batch.rows }, (_, row) =>
      column.kind === 'number' ? numberAt(column, row) : textAt(column, row),
    ),
  ]);
  return { values, ...rest };
}

export const target: FuzzTarget = {
  name: 'event-batch',
  about: 'enriched batches: refused by EventBatchFormatError, or read and written again as the same batch',
  maxBytes: 4_096,
  maxAllocatedBytes: 4 * 1024 * 1024,
  seeds: () => fc.sample(anEventBatch, { seed: 1, numRuns: 60 }).map(encodeEventBatch),
  run,
};
