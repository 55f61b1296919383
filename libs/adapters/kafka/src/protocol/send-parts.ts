import type { Connection } from 'kafkajs/src/broker';
import { inTime } from '../cluster/repair-kafkajs';
import type { Exchange } from './wire';

/** Shorter requests are copied together: one write of little costs less than a gathered one. */
const GATHERED_FROM_BYTES = 16 * 1024;
const SIZE_BYTES = 4;
const FIXED_HEAD_BYTES = SIZE_BYTES + 2 + 2 + 4 + 2;

/**
 * Sends a request over a connection that needs no authentication (any more), as kafkajs's own `send` does, but its parts go
 * to the socket as they are. kafkajs copies a request twice, into buffers that V8 has to collect.
 */
export async function sendParts<T>(connection: Connection, wanted: Exchange<T>): Promise<T> {
  const { apiKey, apiName, apiVersion, timeoutMs } = wanted;
  if (!connection.isConnected()) throw new Error('the connection was closed');
  const correlationId = connection.nextCorrelationId();
  const answered = new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: timeoutMs ?? null,
      sendRequest: () => write(connection, correlationId, wanted),
    });
  });
  const { payload } = await inTime(connection, timeoutMs ?? 0, answered);
  const answer = wanted.decode(payload);
  connection.requestQueue.maybeThrottle(answer.throttleMs);
  return answer;
}

function write(
  { socket, clientId }: Connection,
  correlationId: number,
  { apiKey, apiVersion, body }: Exchange<unknown>,
): void {
  if (socket === undefined) throw new Error('the connection was closed');
  const bodyBytes = body.reduce((bytes, { length }) => bytes + length, 0);
  const head = headOf(apiKey, apiVersion, correlationId, clientId, bodyBytes);
  if (bodyBytes < GATHERED_FROM_BYTES) {
    socket.write(Buffer.concat([head, ...body]));
    return;
  }
  socket.cork();
  socket.write(head);
  for (const part of body) socket.write(part);
  socket.uncork();
}

/** Header of a request, version 1, behind the size of all that follows. */
function headOf(
  apiKey: number,
  apiVersion: number,
  correlationId: number,
  clientId: string,
  bodyBytes: number,
): Buffer {
  const idBytes = Buffer.byteLength(clientId);
  const head = Buffer.allocUnsafe(FIXED_HEAD_BYTES + idBytes);
  let at = head.writeInt32BE(head.length - SIZE_BYTES + bodyBytes, 0);
  at = head.writeInt16BE(apiKey, at);
  at = head.writeInt16BE(apiVersion, at);
  at = head.writeInt32BE(correlationId, at);
  at = head.writeInt16BE(idBytes, at);
  head.write(clientId, at);
  return head;
}
