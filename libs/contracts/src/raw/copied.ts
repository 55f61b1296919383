import { HEADER, headerBytes, headerText, parseInteger } from '../headers';
import type { RecordHeaders } from '../record';

/** Where a raw record stood before it was copied into a generation with more partitions. */
export interface CopyPlace {
  readonly partition: number;
  readonly offset: number;
  /** Of what was made of that record for one partition, in order from 0. */
  readonly part: number;
}

/** The header that says so: `partition|offset|part`. */
export function copiedHeader({ partition, offset, part }: CopyPlace): RecordHeaders {
  return { [HEADER.copied]: headerBytes(`${partition}|${offset}|${part}`) };
}

/** What the header says; null for records that were written to this generation itself. */
export function copiedFrom(headers: RecordHeaders): CopyPlace | null {
  const numbers = headerText(headers, HEADER.copied)?.split('|').map(parseInteger) ?? [];
  const [partition, offset, part] = numbers;
  if (numbers.length !== 3 || partition == null || offset == null || part == null) return null;
  return { partition, offset, part };
}
