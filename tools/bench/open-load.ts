import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { PLAIN_SHOP, ShopRows, UNIFORM } from '@tillstream/shop-events';
import { arrayOf } from './feeds';

/** A body leaves this often, whatever has become of those before. */
export const BODY_EVERY_MS = 10;

const PROBE = 'probe_';
/** Category and user of the one event of a body that is looked for. */
const probeName = (body: number): string => `${PROBE}${body}`;

/** Number of the body whose probe has this category; null: it is nobody's. */
export function probeOf(category: string): number | null {
  return category.startsWith(PROBE) ? Number(category.slice(PROBE.length)) : null;
}

/** Times of one body, as `performance.now()` tells them. */
export interface SentBody {
  /** When it was to leave: decided in advance. */
  readonly intendedMs: number;
  /** When its 202 came; NaN until then. */
  acknowledgedMs: number;
}

export interface OpenLoad {
  readonly url: string;
  readonly key: string;
  readonly eventsPerSecond: number;
  readonly bodies: number;
}

/**
 * Sends bodies at times that are fixed in advance. No body waits for the answer to another one, so a service that stands
 * still is asked all the same, and whoever would have had to wait is counted. The first event of each body is a purchase
 * in a category of its own.
 *
 * @returns after the last answer @throws Error when a body is not accepted whole
 */
export async function sendOpenLoad(load: OpenLoad, bodies: SentBody[]): Promise<void> {
  const { url, key, eventsPerSecond } = load;
  const perBody = Math.max(1, Math.round((eventsPerSecond * BODY_EVERY_MS) / 1000));
  const rows = new ShopRows({
    ...PLAIN_SHOP,
    seed: eventsPerSecond,
    shape: 'uniform',
    users: UNIFORM.users,
    products: UNIFORM.products,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const startMs = performance.now();
  const answers: Promise<void>[] = [];
  for (let body = 0; body < load.bodies; body += 1) {
    const intendedMs = startMs + body * BODY_EVERY_MS;
    const waitMs = intendedMs - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const sent: SentBody = { intendedMs, acknowledgedMs: NaN };
    bodies.push(sent);
    const nowMs = Date.now();
    const texts = [probe(body, nowMs)];
    while (texts.length < perBody) texts.push(Buffer.from(rows.next(nowMs).text));
    answers.push(
      post(agent, url, key, arrayOf(texts)).then((said) => {
        sent.acknowledgedMs = performance.now();
        if (said !== JSON.stringify({ accepted: texts.length, rejected: [] })) throw new Error(`the gateway: ${said}`);
      }),
    );
  }
  await Promise.all(answers);
  agent.destroy();
}

function probe(body: number, nowMs: number): Buffer {
  const name = probeName(body);
  return Buffer.from(
    JSON.stringify({
      event_id: `${name}_${nowMs}`,
      event_type: 'purchase',
      timestamp: new Date(nowMs).toISOString(),
      user_id: name,
      product_id: 'probe',
      category: name,
      price: 200,
      quantity: 1,
      revenue: 200,
    }),
  );
}

function post(agent: Agent, url: string, key: string, body: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const call = request(url, { method: 'POST', agent, headers }, (answer) => {
      let said = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
      answer.on('end', () => resolve(answer.statusCode === 202 ? said : `${answer.statusCode} ${said}`));
      answer.on('error', reject);
    });
    call.on('error', reject);
    call.end(body);
  });
}
