import { wordsOf } from './store-client';

/** What became of a row. */
export type Fate =
  | { readonly kind: 'stored' }
  /** It stands there already, by a request whose answer has not come: the store may not have it on its disk yet. */
  | { readonly kind: 'there' }
  /** The store will never take it. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Not now. */
  | { readonly kind: 'later'; readonly reason: string; readonly tooMuch: boolean }
  /** Not until somebody acts, and the row has no part in it. */
  | { readonly kind: 'blocked'; readonly reason: string };

const STORED: Fate = { kind: 'stored' };
const THERE: Fate = { kind: 'there' };

/** What the store says of documents, and not of their index or of whoever writes them. */
const OF_A_DOCUMENT = new Set([
  'mapper_parsing_exception',
  'document_parsing_exception',
  'strict_dynamic_mapping_exception',
  'illegal_argument_exception',
  'parse_exception',
  'parsing_exception',
  'x_content_parse_exception',
  'json_parse_exception',
  'input_coercion_exception',
]);

interface Item {
  readonly status?: unknown;
  readonly error?: { readonly type?: unknown };
}

/** The fates of a bulk request's rows, in their order; null: this is no answer to so many rows. */
export function fatesIn(body: unknown, rows: number): readonly Fate[] | null {
  const { items } = (body ?? {}) as { readonly items?: unknown };
  if (!Array.isArray(items) || items.length !== rows) return null;
  const fates: Fate[] = new Array<Fate>(rows);
  for (let i = 0; i < rows; i++) fates[i] = fateOf((items[i] as { readonly index?: Item }).index ?? {});
  return fates;
}

function fateOf({ status, error }: Item): Fate {
  if (status === 200 || status === 201) return STORED;
  const type = typeof error?.type === 'string' ? error.type : '';
  // In this version or a higher one.
  if (status === 409 && type === 'version_conflict_engine_exception') return THERE;
  const reason = wordsOf(error);
  if (typeof status !== 'number' || status === 429 || status >= 500) {
    return { kind: 'later', reason, tooMuch: status === 429 };
  }
  // Read-only, closed for writing, out of disk: it goes on when the block is lifted.
  if (type === 'cluster_block_exception' || type === 'index_closed_exception') {
    return { kind: 'later', reason, tooMuch: false };
  }
  return status === 400 && OF_A_DOCUMENT.has(type) ? { kind: 'refused', reason } : { kind: 'blocked', reason };
}
