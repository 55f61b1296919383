import { partitionOf } from '@tillstream/core';
import type { LogWriter, NewRecord } from '@tillstream/engine';
import type { Platform, ServiceProcess } from '../e2e/platform';
import { WRITE_KEY } from '../e2e/platform';
import type { EventFile } from './events';

const APPEND_EVENTS = 2_000;
const BODY_EVENTS = 1_000;
const BODIES_IN_FLIGHT = 8;

/** Puts events into a topic as foreign producers do, `size` a record: one object, or an array. */
export async function fillTopic(
  writer: LogWriter,
  topic: string,
  partitions: number,
  events: EventFile,
  size: number,
): Promise<void> {
  const shares: number[][] = Array.from({ length: partitions }, () => []);
  for (let index = 0; index < events.length; index += 1) {
    const key = events.keyAt(index);
    shares[partitionOf(key, 0, key.length, partitions)]?.push(index);
  }
  await Promise.all(
    shares.map(async (share, partition) => {
      for (const some of chunks(share, APPEND_EVENTS)) {
        const records = chunks(some, size).map((indices): NewRecord => {
          const texts = indices.map((index) => events.at(index));
          return { key: null, value: size === 1 ? (texts[0] ?? null) : arrayOf(texts) };
        });
        await writer.append(topic, partition, records);
      }
    }),
  );
}

/** Sends events to a gateway in bodies of 1,000, some at a time. @throws Error when it does not accept every one at once */
export async function sendBodies({ stream }: Platform, gateway: ServiceProcess, events: EventFile): Promise<void> {
  const url = `http://127.0.0.1:${gateway.http}/v1/streams/${stream}/events`;
  const headers = { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json' };
  let next = 0;
  const sendOn = async (): Promise<void> => {
    while (next < events.length) {
      const from = next;
      next = Math.min(events.length, from + BODY_EVENTS);
      const texts = Array.from({ length: next - from }, (_, i) => events.at(from + i));
      const answer = await fetch(url, { method: 'POST', headers, body: arrayOf(texts) });
      const said = await answer.text();
      if (said !== JSON.stringify({ accepted: texts.length, rejected: [] }))
        throw new Error(`${answer.status} ${said}`);
    }
  };
  await Promise.all(Array.from({ length: BODIES_IN_FLIGHT }, sendOn));
}

/** A JSON array of texts. */
export function arrayOf(texts: readonly Uint8Array[]): Buffer<ArrayBuffer> {
  const bytes = texts.reduce((sum, { length }) => sum + length + 1, 1);
  const array = Buffer.allocUnsafe(Math.max(bytes, 2));
  array[0] = 0x5b;
  let at = 1;
  for (const text of texts) {
    array.set(text, at);
    at += text.length;
    array[at++] = 0x2c;
  }
  array[texts.length === 0 ? 1 : at - 1] = 0x5d;
  return array;
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
