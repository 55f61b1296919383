import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import type { SavedPosition } from '../metrics/checkpoint/partition-state';
import type { TrackOrigin } from './track';

const VERSION = 1;

/** What a tracker's checkpoint says beside its slices and fields. */
export interface TrackerState extends SavedPosition {
  readonly sessions: TrackOrigin;
  readonly attribution: TrackOrigin;
  readonly openSessions: number;
}

export function encodeTrackerState(state: TrackerState): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(VERSION);
  for (const ms of [state.watermarkInputMs, state.maxEventTimeMs, state.maxAppendMs]) writer.double(ms);
  writer.byte(state.held ? 1 : 0);
  writer.text(state.definition);
  for (const { identity, epoch, sinceMs } of [state.sessions, state.attribution]) {
    writer.text(identity);
    writer.count(epoch);
    writer.double(sinceMs);
  }
  writer.count(state.openSessions);
  return writer.toBytes();
}

/** @throws RangeError for bytes that are cut short or were written by a later version */
export function decodeTrackerState(bytes: Uint8Array): TrackerState {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`the state of a tracker has version ${version}`);
  const origin = (): TrackOrigin => ({ identity: reader.text(), epoch: reader.count(), sinceMs: reader.double() });
  const state = {
    watermarkInputMs: reader.double(),
    maxEventTimeMs: reader.double(),
    maxAppendMs: reader.double(),
    held: reader.byte() === 1,
    definition: reader.text(),
    sessions: origin(),
    attribution: origin(),
    openSessions: reader.count(),
  };
  reader.finish();
  return state;
}
