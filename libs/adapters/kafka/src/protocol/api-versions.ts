import type { Exchange } from './wire';

/** What a broker speaks (version 0): the smallest question there is. Of the answer it matters only that it comes. */
export const API_VERSIONS: Exchange<object> = {
  apiKey: 18,
  apiVersion: 0,
  apiName: 'ApiVersions',
  body: [],
  decode: () => ({ throttleMs: 0 }),
};
