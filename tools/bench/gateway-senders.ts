import type { PublishRequest, PublishResponse } from '@tillstream/contracts';
import { WRITE_KEY } from '../e2e/platform';
import { bearer, ingestStub } from '../rig/grpc-stubs';
import { chunks } from './feeds';
import { RawHttpConnection } from './raw-http';

/** A running gateway. */
export interface Target {
  readonly stream: string;
  readonly http: number;
  readonly grpc: number;
}

/** Sends bodies, several at a time. @throws Error with the first answer that does not accept `eventsEach` events */
export type Send = (target: Target, bodies: readonly Uint8Array[], eventsEach: number) => Promise<void>;

/** HTTP with keep-alive. @param connections each sends its next body when the last has been answered */
export function overHttp(connections: number): Send {
  return async ({ stream, http }, bodies, eventsEach) => {
    const head =
      `POST /v1/streams/${stream}/events HTTP/1.1\r\nhost: 127.0.0.1:${http}\r\nauthorization: Bearer ${WRITE_KEY}\r\n` +
      'content-type: application/json\r\naccept: */*\r\nuser-agent: tillstream-bench\r\n';
    const expected = `202 ${JSON.stringify({ accepted: eventsEach, rejected: [] })}`;
    await inTurns(connections, bodies, async () => {
      const connection = await RawHttpConnection.open(http);
      return {
        send: async (body) => {
          const request = Buffer.concat([Buffer.from(`${head}content-length: ${body.length}\r\n\r\n`), body]);
          const answer = await connection.send(request);
          if (answer !== expected) throw new Error(answer);
        },
        close: async () => connection.close(),
      };
    });
  };
}

/** Unary calls over one connection. */
export function overGrpc(inFlight: number): Send {
  return async ({ stream, grpc }, bodies, eventsEach) => {
    const client = ingestStub(grpc);
    const metadata = bearer(WRITE_KEY);
    await inTurns(inFlight, bodies, async () => ({
      send: (body) =>
        new Promise<void>((resolve, reject) => {
          client.publish(requestOf(stream, body), metadata, {}, (error, response) => {
            if (error !== null) reject(error);
            else if (response.accepted !== eventsEach) reject(new Error(JSON.stringify(response)));
            else resolve();
          });
        }),
      close: async () => {},
    }));
    client.close();
  };
}

/** Streams over one connection, each sending on without waiting for answers, as far as it may. */
export function overGrpcStream(streams: number): Send {
  return async ({ stream, grpc }, bodies, eventsEach) => {
    const client = ingestStub(grpc);
    const shares = chunks(bodies, Math.ceil(bodies.length / streams));
    await Promise.all(
      shares.map(async (share) => {
        const call = client.publishStream(bearer(WRITE_KEY));
        const sending = (async () => {
          for (const body of share) {
            if (!call.write(requestOf(stream, body))) await new Promise((resolve) => call.once('drain', resolve));
          }
          call.end();
        })();
        let answers = 0;
        for await (const response of call as AsyncIterable<PublishResponse>) {
          answers += 1;
          if (response.accepted !== eventsEach) throw new Error(JSON.stringify(response));
        }
        await sending;
        if (answers !== share.length) throw new Error(`${answers} answers to ${share.length} bodies`);
      }),
    );
    client.close();
  };
}

interface Sender {
  send(body: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Each of `senders` takes the next body as soon as its last has been answered. */
async function inTurns(senders: number, bodies: readonly Uint8Array[], open: () => Promise<Sender>): Promise<void> {
  const rest = bodies.values();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      const sender = await open();
      for (const body of rest) await sender.send(body);
      await sender.close();
    }),
  );
}

function requestOf(stream: string, payload: Uint8Array): PublishRequest {
  return { stream, payload, contentType: '', idempotencyKey: '' };
}
