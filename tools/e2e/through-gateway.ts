import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Platform } from './platform';
import { WRITE_KEY, servers } from './platform';

const run = promisify(execFile);

/** Posts a body of one JSON event, or an array of them, to the gateway of a platform. */
export function post(
  platform: Platform,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { http } = platform.service('gateway');
  return fetch(`http://127.0.0.1:${http}/v1/streams/${platform.stream}/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${WRITE_KEY}`, 'content-type': 'application/json', ...headers },
    body,
  });
}

/** Posts events, each as JSON text, which must all be accepted. */
export async function publish(platform: Platform, events: readonly string[]): Promise<void> {
  const answer = await post(platform, `[${events.join(',')}]`);
  expect([answer.status, await answer.json()]).toEqual([202, { accepted: events.length, rejected: [] }]);
}

/**
 * Sends recorded events with `till replay`; what it said on standard error.
 *
 * @param args what to send, and options that do not say where to
 */
export async function replay(platform: Platform, ...args: readonly string[]): Promise<string> {
  const { http } = platform.service('gateway');
  const { stderr } = await run(process.execPath, [
    ...['dist/apps/cli/main.js', 'replay', ...args],
    ...['--to', `http://127.0.0.1:${http}`, '--key', WRITE_KEY, '--brokers', servers().brokers.join(',')],
    ...['--stream-files', platform.streamFile, '--state', join(platform.directory, 'replay.json')],
  ]);
  return stderr;
}
