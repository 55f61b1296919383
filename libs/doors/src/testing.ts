export { Authority, writePair } from './testing/certificates';
export type { Pair, Span } from './testing/certificates';
export { aKey, ringOf } from './testing/keys';
