import { file, readKeyList } from './parsers';
import type { Rule } from './parse-environment';

/** Of every service that answers questions. */
export const readKeyVariables = {
  TILLSTREAM_READ_KEYS: readKeyList
    .optional()
    .describe('Who may read; not set, as with `none`: whoever can reach the port.'),
  TILLSTREAM_READ_KEYS_FILE: file
    .optional()
    .describe('A file of read keys, with limits and expiry; read again when it changes.'),
};

/** That everyone may read is not said beside a file of keys. */
export const readKeysRule: Rule<typeof readKeyVariables> = (values) =>
  values.TILLSTREAM_READ_KEYS?.length === 0 && values.TILLSTREAM_READ_KEYS_FILE !== undefined
    ? ['TILLSTREAM_READ_KEYS must not be none beside TILLSTREAM_READ_KEYS_FILE: leave it out']
    : [];
