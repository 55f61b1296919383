import { createHash } from 'node:crypto';
import type { Reroute, Rerouted } from '@tillstream/core';
import { HEADER, headerBytes, headerText, parseInteger } from '../headers';
import type { NewRecord, RecordHeaders } from '../record';

/**
 * The record that brings misplaced rows to their partition. Its header says where they came from as text,
 * `partition|from|next|d d d …`: the first d is the first row's source offset less `from`, each further one the
 * difference to the row before. The batch-id is a function of the source range and the target, so that a repeated write
 * is recognised, and another cut of the same rows is not mistaken for it.
 */
export function encodeReroute(reroute: Reroute, sourcePartition: number): NewRecord {
  const { sourceFrom, sourceNext, rowOffsets, targetPartition } = reroute;
  let previous = sourceFrom;
  const deltas = rowOffsets.map((offset) => {
    const delta = offset - previous;
    previous = offset;
    return delta;
  });
  return {
    key: null,
    value: reroute.value,
    headers: {
      [HEADER.batchId]: rerouteBatchId(sourcePartition, sourceFrom, sourceNext, targetPartition),
      [HEADER.rerouted]: headerBytes(`${sourcePartition}|${sourceFrom}|${sourceNext}|${deltas.join(' ')}`),
    },
  };
}

function rerouteBatchId(source: number, from: number, next: number, target: number): Uint8Array {
  return createHash('sha256').update(`reroute|${source}|${from}|${next}|${target}`).digest().subarray(0, 16);
}

/** Where re-routed rows came from; null for records without the header or with one that does not make sense. */
export function decodeRerouted(headers: RecordHeaders): Rerouted | null {
  const text = headerText(headers, HEADER.rerouted);
  if (text === null) return null;
  const parts = text.split('|');
  if (parts.length !== 4) return null;
  const [partitionText = '', fromText = '', nextText = '', deltaText = ''] = parts;
  const sourcePartition = natural(partitionText);
  const sourceFrom = natural(fromText);
  const sourceNext = natural(nextText);
  if (sourcePartition === null || sourceFrom === null || sourceNext === null) return null;

  const rowOffsets: number[] = [];
  let offset = sourceFrom;
  for (const delta of deltaText === '' ? [] : deltaText.split(' ')) {
    const step = natural(delta);
    if (step === null) return null;
    offset += step;
    if (offset >= sourceNext) return null;
    rowOffsets.push(offset);
  }
  return { sourcePartition, sourceFrom, sourceNext, rowOffsets };
}

function natural(text: string): number | null {
  const value = parseInteger(text);
  return value === null || value < 0 ? null : value;
}
