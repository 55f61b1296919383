import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { lineSplitter } from './testing/line-splitter';
import { MIB, startGateway, WRITE_KEY } from './testing/running-gateway';
import type { RunningGateway } from './testing/running-gateway';

const STREAM = { name: 'shop', rawTopic: 'shop.raw.v1', splitter: lineSplitter };
const LIMIT = 8 * MIB;
const BODY = MIB;
/** What a stream that is not read can hold: HTTP/2's window, as much in Node's buffer, and one chunk on its way between them. */
const HELD_UP = 144 * 1024;
const BEGINNING = Buffer.alloc(1_000, ' ');

let gateway: RunningGateway;
let session: ClientHttp2Session;
beforeEach(async () => {
  gateway = await startGateway([STREAM], { maxInFlightBytes: LIMIT });
  session = connect(`http://127.0.0.1:${gateway.grpcPort}`, { maxSessionMemory: 1_000 });
});
afterEach(async () => {
  session.destroy();
  await gateway.close();
});

/** As the service itself counts them. */
async function inFlightBytes(): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const [, bytes] = /^tillstream_ingest_in_flight_bytes\{.*\} (\d+)$/m.exec(text) ?? [];
  return Number(bytes);
}

interface GrpcCall {
  readonly stream: ClientHttp2Stream;
  /** `grpc-status` and the delay after which to come again, once the call is over. */
  readonly ended: Promise<readonly [number, string | undefined]>;
}

function open(method: string, key = WRITE_KEY, more: Readonly<Record<string, string>> = {}): GrpcCall {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/tillstream.ingest.v1.IngestService/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${key}`,
    ...more,
  });
  stream.on('error', () => {}).resume();
  const ended = new Promise<readonly [number, string | undefined]>((resolve) => {
    const read = (headers: Record<string, unknown>): void => {
      const code = headers['grpc-status'];
      if (code !== undefined) resolve([Number(code), headers['grpc-retry-pushback-ms'] as string | undefined]);
    };
    stream.on('response', read).on('trailers', read);
  });
  return { stream, ended };
}

/** A message of so many bytes, as much of it as is given. */
function begin({ stream }: GrpcCall, bytes: number, come: Uint8Array): void {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes, 1);
  stream.write(Buffer.concat([head, come]));
}

/** PublishRequest{stream: 'shop', payload} */
function requestOf(payload: Buffer): Buffer {
  const length: number[] = [];
  for (let rest = payload.length; ; rest >>>= 7) {
    if (rest < 128) {
      length.push(rest);
      break;
    }
    length.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from('\x0a\x04shop\x12'), Buffer.from(length), payload]);
}

describe('Bodies that begin and never go on', () => {
  it('are counted over gRPC as soon as they begin, and one too many is refused', async () => {
    const stalled = Array.from({ length: LIMIT / BODY }, () => open('Publish'));
    for (const call of stalled) begin(call, BODY, BEGINNING);
    await until(async () => (await inFlightBytes()) === LIMIT);
    const refused = Array.from({ length: 50 }, () => open('Publish'));
    for (const call of refused) begin(call, BODY, BEGINNING);
    const answers = await Promise.all(refused.map(({ ended }) => ended));
    expect(new Set(answers.map(String))).toEqual(new Set([`${status.RESOURCE_EXHAUSTED},1500`]));
    expect(await inFlightBytes()).toBe(LIMIT);

    for (const { stream } of stalled) stream.close();
    await until(async () => (await inFlightBytes()) === 0);
    const taken = open('Publish');
    const request = requestOf(Buffer.from('{"k":1}'));
    begin(taken, request.length, request);
    taken.stream.end();
    expect(await taken.ended).toEqual([status.OK, undefined]);
    expect(await inFlightBytes()).toBe(0);
  });

  it('are counted over HTTP as soon as they begin, and one too many is refused', async () => {
    const stalled = Array.from({ length: LIMIT / BODY - 1 }, () => post());
    await until(async () => (await inFlightBytes()) === LIMIT - BODY);
    const open = [...stalled, post()];
    await until(async () => (await inFlightBytes()) === LIMIT);
    const refused = Array.from({ length: 50 }, () => post());
    const answers = await Promise.all(refused.map(({ answer }) => answer));
    expect(answers.filter((answer) => /^HTTP\/1\.1 429 [^]*retry-after: 2\r\n/i.test(answer))).toHaveLength(50);
    expect(await inFlightBytes()).toBe(LIMIT);

    for (const { socket } of [...open, ...refused]) socket.destroy();
    await until(async () => (await inFlightBytes()) === 0);
  });

  it('take nothing of what may be in flight when their sender has no key, or has been answered', async () => {
    const stranger = open('Publish', 'nope');
    begin(stranger, BODY, BEGINNING);
    expect((await stranger.ended)[0]).toBe(status.UNAUTHENTICATED);
    const hasty = open('Publish', WRITE_KEY, { 'grpc-timeout': '1m' });
    begin(hasty, BODY, BEGINNING);
    expect((await hasty.ended)[0]).toBe(status.DEADLINE_EXCEEDED);
    await until(async () => (await inFlightBytes()) === 0);
    for (const { stream } of [stranger, hasty]) expect(stream.closed).toBe(false);
  });

  it('hold up their stream when there is no room, and are read no further', async () => {
    gateway.writer.hang();
    const first = open('PublishStream');
    const request = requestOf(Buffer.from(`{"k":1,"pad":"${'x'.repeat(LIMIT - 100)}"}`));
    begin(first, request.length, request);
    await until(() => gateway.writer.waiting === 1);
    const held = await inFlightBytes();

    const waiting = Array.from({ length: 50 }, () => open('PublishStream'));
    const large = requestOf(Buffer.from(`{"k":1,"pad":"${'x'.repeat(BODY / 4)}"}`));
    for (const call of waiting) begin(call, large.length, large);
    const before = session.socket.bytesWritten;
    await settles(() => session.socket.bytesWritten);
    expect(session.socket.bytesWritten - before).toBeLessThan(waiting.length * HELD_UP);
    expect([await inFlightBytes(), gateway.writer.waiting]).toEqual([held, 1]);

    gateway.writer.ack();
    for (const { stream } of [first, ...waiting]) stream.end();
    const answers = await Promise.all([first, ...waiting].map(({ ended }) => ended));
    expect(new Set(answers.map(([code]) => code))).toEqual(new Set([status.OK]));
    expect(gateway.writer.appended).toHaveLength(51);
    await until(async () => (await inFlightBytes()) === 0);
  });
});

/** A request whose headers announce a body of which only the beginning comes. */
function post(): { readonly socket: Socket; readonly answer: Promise<string> } {
  const socket = connectTcp(gateway.httpPort, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `POST /v1/streams/shop/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${WRITE_KEY}\r\n` +
      `content-type: application/json\r\ncontent-length: ${BODY}\r\n\r\n${BEGINNING.toString()}`,
  );
  const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString('latin1'))));
  return { socket, answer };
}

/** Waits until the value has not changed over many turns of the event loop. */
async function settles(value: () => number): Promise<void> {
  let last = -1;
  for (let quiet = 0; quiet < 500; quiet++) {
    if (value() !== last) quiet = 0;
    last = value();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
