import { partitionOf } from '@tillstream/core';
import type { NewRecord } from '@tillstream/engine';
import type { Platform, ServiceProcess } from '../e2e/platform';
import { WRITE_KEY } from '../e2e/platform';

const APPEND_EVENTS = 2_000;
const BODY_EVENTS = 1_000;
const BODIES_IN_FLIGHT = 8;
const utf8 = new TextEncoder();

/** Puts events into raw as foreign producers do, `size` a record: one object, or an array. */
export async function fillRaw(
  { writer, definition }: Platform,
  events: readonly string[],
  size: number,
): Promise<void> {
  const { partitions } = definition.schema;
  const shares: string[][] = Array.from({ length: partitions }, () => []);
  for (const event of events) {
    const key = utf8.encode((JSON.parse(event) as { user_id: string }).user_id);
    shares[partitionOf(key, 0, key.length, partitions)]?.push(event);
  }
  await Promise.all(
    shares.map(async (share, partition) => {
      const records = chunks(share, size).map((some): NewRecord => {
        return { key: null, value: utf8.encode(size === 1 ? (some[0] ?? '') : `[${some.join(',')}]`) };
      });
      for (const some of chunks(records, Math.ceil(APPEND_EVENTS / size))) {
        await writer.append(definition.topics.raw, partition, some);
      }
    }),
  );
}

/** Sends events to a gateway in bodies of 1,000, some at a time. @throws Error when it does not accept every one at once */
export async function sendBodies(
  { stream }: Platform,
  gateway: ServiceProcess,
  events: readonly string[],
): Promise<void> {
  const url = `http://127.0.0.1:${gateway.http}/v1/streams/${stream}/events`;
  const headers = { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json' };
  const bodies = chunks(events, BODY_EVENTS).values();
  const sendOn = async (): Promise<void> => {
    for (const body of bodies) {
      const answer = await fetch(url, { method: 'POST', headers, body: `[${body.join(',')}]` });
      const said = await answer.text();
      if (said !== JSON.stringify({ accepted: body.length, rejected: [] })) throw new Error(`${answer.status} ${said}`);
    }
  };
  await Promise.all(Array.from({ length: BODIES_IN_FLIGHT }, sendOn));
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}
