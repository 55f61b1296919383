import type { DeadLetter, RejectCode } from '@tillstream/core';
import { MAX_DEAD_LETTER_BYTES } from '../bounds';
import { HEADER, headerBytes, headerInteger, headerText } from '../headers';
import type { NewRecord, StoredRecord } from '../record';

/** Raw topic and partition that a dead letter came from. */
export interface DeadLetterSource {
  readonly topic: string;
  readonly partition: number;
}

/** A dead letter as its readers see it. */
export interface DeadLetterEntry {
  /** `partition|offset|index`: the same however often the letter was written. */
  readonly id: string;
  readonly source: DeadLetterSource & { readonly offset: number; readonly index: number };
  /** Append time of the raw record; null: the letter is of a version that did not say. */
  readonly appendMs: number | null;
  readonly code: RejectCode;
  readonly path: string;
  readonly message: string;
  /** The original bytes; null when they were too large to keep a second time. */
  readonly bytes: Uint8Array | null;
  /** How many original bytes there are, kept or not. */
  readonly size: number;
}

/**
 * The record of a dead letter: the original bytes as value, everything else in headers, so that the value can be
 * corrected and sent again as it is. Above 1 MiB the value is null and the source position says where the bytes are.
 */
export function encodeDeadLetter(letter: DeadLetter, source: DeadLetterSource): NewRecord {
  const tooLarge = letter.bytes.length > MAX_DEAD_LETTER_BYTES;
  return {
    key: headerBytes(`${source.partition}|${letter.rawOffset}|${letter.index}`),
    value: tooLarge ? null : letter.bytes,
    headers: {
      [HEADER.code]: headerBytes(letter.code),
      [HEADER.path]: headerBytes(letter.path),
      [HEADER.message]: headerBytes(letter.message),
      [HEADER.sourceTopic]: headerBytes(source.topic),
      [HEADER.sourcePartition]: headerBytes(source.partition),
      [HEADER.sourceOffset]: headerBytes(letter.rawOffset),
      [HEADER.sourceIndex]: headerBytes(letter.index),
      [HEADER.sourceTime]: headerBytes(letter.appendMs),
      ...(tooLarge ? { [HEADER.omittedBytes]: headerBytes(letter.bytes.length) } : {}),
    },
  };
}

/** Reads a record of a dead-letter topic; null for what this project did not write. */
export function decodeDeadLetter(record: StoredRecord): DeadLetterEntry | null {
  const { headers, value } = record;
  const code = headerText(headers, HEADER.code);
  const topic = headerText(headers, HEADER.sourceTopic);
  const partition = headerInteger(headers, HEADER.sourcePartition);
  const offset = headerInteger(headers, HEADER.sourceOffset);
  const index = headerInteger(headers, HEADER.sourceIndex);
  const size = value?.length ?? headerInteger(headers, HEADER.omittedBytes);
  if (code === null || topic === null || partition === null || offset === null || index === null || size === null) {
    return null;
  }
  return {
    id: `${partition}|${offset}|${index}`,
    source: { topic, partition, offset, index },
    appendMs: headerInteger(headers, HEADER.sourceTime),
    code: code as RejectCode,
    path: headerText(headers, HEADER.path) ?? '$',
    message: headerText(headers, HEADER.message) ?? '',
    bytes: value,
    size,
  };
}
