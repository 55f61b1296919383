import { bytesSetting, durationSetting } from '@tillstream/contracts';
import { z } from 'zod';

const MEBIBYTE = 1024 * 1024;
const MINUTE_MS = 60_000;

/** How far an index reaches, by the time of its rows. */
export const ROLLOVERS = ['day', 'month', 'year', 'none'] as const;
export type Rollover = (typeof ROLLOVERS)[number];

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** What a stream file can say of a sink of this type, beside where it is and what goes there. */
export const SETTINGS = z.strictObject({
  /** Before the names of all indexes and templates; the stream's name unless it is given. */
  prefix: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9_.-]{0,99}$/,
      'must be lower-case letters, digits, - _ and ., beginning with a letter or digit',
    )
    .optional(),
  rollover: z.enum(ROLLOVERS, `must be one of ${ROLLOVERS.join(', ')}`).default('day'),
  /** Columns that are searched by word; other texts are found only whole. */
  text: z.array(z.string()).default([]),
  /** Settings of new indexes, such as number_of_shards, as the store calls them. */
  index: z
    .record(z.string(), scalar, 'must be settings of an index, such as number_of_replicas: 1')
    .refine(
      (settings) => !Object.entries(settings).some(([name, value]) => isForgetful(name, value)),
      'translog.durability: async loses rows that were said to be stored when a node dies',
    )
    .default({}),
  flush: z
    .strictObject({
      every: durationSetting(10, 10 * MINUTE_MS).prefault('1s'),
      rows: z.int().min(1).max(100_000).default(5_000),
      bytes: bytesSetting(64 * 1024, 64 * MEBIBYTE).prefault('5MiB'),
    })
    .prefault({}),
  /** Requests under way at once, over all feeds and partitions of this process. */
  concurrency: z.int().min(1).max(64).default(4),
  /** A request without an answer is given up after it, and made again. */
  timeout: durationSetting(100, 10 * MINUTE_MS).prefault('30s'),
});

export type OpenSearchSettings = z.output<typeof SETTINGS>;

function isForgetful(name: string, value: string | number | boolean): boolean {
  return name.replace(/^index\./, '') === 'translog.durability' && value === 'async';
}
