import type { Refusal } from '@tillstream/adapter-telemetry';

/** By what callers are told, over HTTP or gRPC: why a request was refused as a whole. Answers that are missing refuse nothing. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map([
  ['400', 'unreadable'],
  ['401', 'unauthorized'],
  ['403', 'forbidden'],
  ['404', 'unknown_stream'],
  ['413', 'too_large'],
  ['415', 'unsupported'],
  ['429', 'overloaded'],
  ['503', 'unavailable'],
  ['INVALID_ARGUMENT', 'unreadable'],
  ['UNAUTHENTICATED', 'unauthorized'],
  ['PERMISSION_DENIED', 'forbidden'],
  ['NOT_FOUND', 'unknown_stream'],
  ['RESOURCE_EXHAUSTED', 'overloaded'],
  ['DEADLINE_EXCEEDED', 'too_slow'],
  ['UNAVAILABLE', 'unavailable'],
]);

/** Null for an answer that takes something in. */
export function refusalOf(status: string): Refusal | null {
  return REFUSALS.get(status) ?? null;
}
