import { invalid } from './refusals';

const DEFAULT_PAGE_ROWS = 1_000;
const MAX_PAGE_ROWS = 10_000;

/** Clients take answers of up to 4 MiB unless told otherwise. */
export const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** The rows of a page as they were asked for. @throws GrpcStatusError INVALID_ARGUMENT */
export function pageRows(asked: number): number {
  if (asked > MAX_PAGE_ROWS) throw invalid(`page_size must be at most ${MAX_PAGE_ROWS}`);
  return asked === 0 ? DEFAULT_PAGE_ROWS : asked;
}
