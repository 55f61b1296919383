import type { RawRecord } from '@tillstream/core';
import { HEADER } from '../headers';
import type { StoredRecord } from '../record';
import { decodeControl } from './control';
import { decodeRerouted } from './reroute';

const EMPTY = new Uint8Array(0);

/**
 * Reads what a raw record's headers say.
 *
 * Control records are told by the header's presence alone; one whose value is not understood has kind `other`. A
 * batch-id that is not 16 bytes long, and a source of re-routed rows that makes no sense, are taken for absent: the rows
 * then count like any foreign producer's.
 */
export function decodeRawRecord(record: StoredRecord): RawRecord {
  const { headers } = record;
  const batchId = headers[HEADER.batchId];
  return {
    offset: record.offset,
    appendMs: record.timestampMs,
    value: record.value,
    batchId: batchId?.length === 16 ? batchId : null,
    control: headers[HEADER.control] === undefined ? null : decodeControl(record.value ?? EMPTY),
    rerouted: decodeRerouted(headers),
  };
}
