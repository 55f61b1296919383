import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import type { SessionsDefinition } from '../sessions/definition';
import type { Session } from '../sessions/session';
import { decodeOpenSessions } from '../sessions/session-book';
import { decodeTrackerState } from './tracker-state';

/**
 * A field of a tracker's checkpoint: which settings it was written under, then what the book of sessions says of the user. A store
 * that was interrupted may have fields of settings that are in force only behind its position.
 */
export function encodeUserField(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(head.length + bytes.length);
  field.set(head);
  field.set(bytes, head.length);
  return field;
}

/** The head of fields that are written under the same settings. */
export function userFieldHead(epoch: number): Uint8Array {
  const writer = new ByteWriter();
  writer.count(epoch);
  return writer.toBytes();
}

/** The bytes are a view on the field. @throws RangeError for a field that is cut short */
export function decodeUserField(field: Uint8Array): { readonly epoch: number; readonly bytes: Uint8Array } {
  const reader = new ByteReader(field);
  const epoch = reader.count();
  return { epoch, bytes: field.subarray(reader.at) };
}

/** How far a partition had come when its checkpoint was read. */
export interface TrackerMoment {
  /** Newest min(event time, append time) that counts. -Infinity: nothing yet. */
  readonly watermarkInputMs: number;
  readonly maxAppendMs: number;
  /** sha256 (hex) of the definition in force; '' before the first one. */
  readonly definition: string;
  /** In the whole partition. */
  readonly openSessions: number;
}

/** @throws RangeError for a state that is cut short or was written by a later version */
export function trackerMoment(state: Uint8Array): TrackerMoment {
  const { watermarkInputMs, maxAppendMs, definition, openSessions } = decodeTrackerState(state);
  return { watermarkInputMs, maxAppendMs, definition, openSessions };
}

/**
 * The open sessions of a user as a checkpoint has them, by part, oldest first.
 *
 * @param sessions the settings, under which the checkpoint may not be any more: then there are none
 * @throws RangeError for what is no checkpoint of a tracker, or was written by a later version
 */
export function openSessionsIn(
  user: string,
  { state, bytes }: { readonly state: Uint8Array; readonly bytes: Uint8Array | null },
  sessions: SessionsDefinition,
): readonly Session[] {
  const { identity, epoch } = decodeTrackerState(state).sessions;
  if (bytes === null || identity !== sessions.identity) return [];
  const field = decodeUserField(bytes);
  return field.epoch === epoch ? decodeOpenSessions(user, field.bytes, sessions) : [];
}
