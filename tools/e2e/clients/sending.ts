import { join } from 'node:path';
import { decodeEventBatch } from '@tillstream/core';
import { isEnriched, servers, until } from '../platform';
import type { Platform } from '../platform';
import type { ForeignEvent } from './foreign-events';
import { succeed } from './programs';

/** All that both Tillstream and every client can read. */
export const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const ENRICHED_WITHIN_MS = 120_000;
const CLIENTS = join(process.cwd(), 'tools/e2e/clients');

/** One JSON object a line. */
export function linesOf(events: readonly ForeignEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Sends with kafkajs, the events spread over the codecs. */
export async function sendWithKafkajs(
  topic: string,
  events: readonly ForeignEvent[],
  {
    codecs = ['none'],
    partitioner = 'murmur2',
  }: { codecs?: readonly string[]; partitioner?: 'murmur2' | 'crc32' } = {},
): Promise<void> {
  const program = join(CLIENTS, 'kafkajs-producer.mjs');
  const args = [program, servers().brokers.join(','), topic, codecs.join(','), partitioner];
  await succeed(process.execPath, args, { input: linesOf(events) });
}

/** Sends with kafka-python, the events spread over the codecs. */
export async function sendWithKafkaPython(
  python: string,
  topic: string,
  events: readonly ForeignEvent[],
  codecs: readonly string[],
): Promise<void> {
  const args = [join(CLIENTS, 'produce.py'), servers().brokers.join(','), topic, codecs.join(',')];
  await succeed(python, args, { input: linesOf(events) });
}

/** Sends with kcat, which takes `key<tab>value` a line. */
export async function sendWithKcat(
  kcat: string,
  topic: string,
  events: readonly ForeignEvent[],
  ...more: readonly string[]
): Promise<void> {
  const input = events.map((event) => `${event.user_id}\t${JSON.stringify(event)}\n`).join('');
  await succeed(kcat, ['-P', '-b', servers().brokers.join(','), '-t', topic, '-K', '\t', ...more], { input });
}

/** Waits until everything is enriched; ids of all rows that were accepted, each as often as it was. */
export async function acceptedIds(platform: Platform): Promise<string[]> {
  const { topics, schema } = platform.definition;
  await until('everything to be enriched', ENRICHED_WITHIN_MS, () => isEnriched(platform));
  const number = schema.fields.find(({ name }) => name === 'event_id')?.number ?? -1;
  const text = new TextDecoder();
  const records = (await platform.readTopic(topics.enriched)).flat();
  return records.flatMap(({ value }) => {
    const { columns, rows } = decodeEventBatch(value ?? new Uint8Array());
    const column = columns.get(number);
    if (column?.kind !== 'text') return []; // no rows, no column
    return Array.from({ length: rows }, (_, row) =>
      text.decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1])),
    );
  });
}
