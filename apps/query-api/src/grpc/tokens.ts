import { createHash } from 'node:crypto';
import type { LatePlace } from '@tillstream/engine';
import type { Positions } from '../view/positions';
import type { PageEnd } from '../view/row-query';
import { invalid } from './refusals';

/*
 * Tokens are opaque to callers. They hold places, not queries: the other fields of a request are sent again with them,
 * and a digest of these tells a token that is used for another question.
 */

/** A digest of what a question asks for. */
export function questionDigest(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
}

export function encodePageToken(question: string, end: PageEnd): string {
  return encode([question, end.startMs, end.group]);
}

/** @throws GrpcStatusError INVALID_ARGUMENT */
export function decodePageToken(question: string, token: string): PageEnd | null {
  if (token === '') return null;
  const [asked, startMs, group] = decode(token, 'page_token');
  if (!isInteger(startMs) || typeof group !== 'string') throw malformed('page_token');
  if (asked !== question) throw ofAnotherQuestion('page_token');
  return { startMs, group };
}

export function encodeResumeToken(question: string, metric: string, positions: Positions): string {
  return encode([question, metric, ...positions]);
}

/**
 * Positions to go on from; null: from a new snapshot on, because there is no token, or it is of a definition or
 * partition count that is no more.
 *
 * @throws GrpcStatusError INVALID_ARGUMENT
 */
export function decodeResumeToken(
  question: string,
  metric: string,
  partitions: number,
  token: string,
): Positions | null {
  if (token === '') return null;
  const [asked, identity, ...positions] = decode(token, 'resume_token');
  if (!positions.every(isPosition)) throw malformed('resume_token');
  if (identity !== metric || positions.length !== partitions) return null;
  if (asked !== question) throw ofAnotherQuestion('resume_token');
  return positions;
}

/** Where a page of late rows ends: a partition, and a place in it. */
export interface LatePageEnd {
  readonly partition: number;
  readonly place: LatePlace;
}

export function encodeLateToken(question: string, { partition, place }: LatePageEnd): string {
  const { offset, line, told } = place;
  const furthest = [...told].map(([identity, row]) => [identity, row.offset, row.index]);
  return encode([question, partition, offset, line, ...furthest]);
}

/** @throws GrpcStatusError INVALID_ARGUMENT */
export function decodeLateToken(question: string, token: string): LatePageEnd | null {
  if (token === '') return null;
  const [asked, partition, offset, line, ...furthest] = decode(token, 'page_token');
  if (!isPosition(partition) || !isPosition(offset) || !isPosition(line)) throw malformed('page_token');
  if (!furthest.every(isFurthest)) throw malformed('page_token');
  if (asked !== question) throw ofAnotherQuestion('page_token');
  const told = new Map(furthest.map(([identity, row, index]) => [identity, { offset: row, index }]));
  return { partition, place: { offset, line, told } };
}

function isFurthest(part: unknown): part is [identity: string, offset: number, index: number] {
  if (!Array.isArray(part)) return false;
  const [identity, offset, index] = part as readonly unknown[];
  return typeof identity === 'string' && isPosition(offset) && isPosition(index);
}

const encode = (parts: readonly unknown[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

function decode(token: string, field: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (Array.isArray(parts)) return parts;
  } catch {
    // not ours
  }
  throw malformed(field);
}

// JSON has numbers that are no places: 1e999, 0.5, -0.
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value) && !Object.is(value, -0);
const isPosition = (value: unknown): value is number => isInteger(value) && value >= 0;

const malformed = (field: string): Error =>
  invalid(`${field} is not one that was given out: leave it empty to begin anew`);

const ofAnotherQuestion = (field: string): Error =>
  invalid(`${field} belongs to another request: send the other fields as they were, or leave it empty to begin anew`);
