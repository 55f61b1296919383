import { bytesSetting, durationSetting } from '@tillstream/contracts';
import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;
const MINUTE_MS = 60_000;
/** What a delivery says by itself, and what HTTP needs. */
const RESERVED = /^(tillstream-.*|content-(type|length|encoding)|host|connection|transfer-encoding|authorization)$/i;

/** What a stream file can say of a sink of this type, beside where it is and what goes there. */
export const SETTINGS = z.strictObject({
  flush: z
    .strictObject({
      every: durationSetting(10, 10 * MINUTE_MS).prefault('1s'),
      rows: z.int().min(1).max(10_000).default(500),
      bytes: bytesSetting(1_024, 32 * MEBIBYTE).prefault('1MiB'),
    })
    .prefault({}),
  /** A delivery without an answer is given up after it, and made again. */
  timeout: durationSetting(100, 5 * MINUTE_MS).prefault('10s'),
  /** More headers of every delivery. */
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of a header'), z.string())
    .refine(
      (headers) => !Object.keys(headers).some((name) => RESERVED.test(name)),
      'must not be headers that every delivery has; credentials come from the environment',
    )
    .default({}),
});

export type WebhookSettings = z.output<typeof SETTINGS>;
