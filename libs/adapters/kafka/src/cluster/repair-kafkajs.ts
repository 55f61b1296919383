import { KafkaJSConnectionError } from 'kafkajs';
import type { WireExchange } from 'kafkajs/src/broker';
import Connection from 'kafkajs/src/network/connection';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import Encoder from 'kafkajs/src/protocol/encoder';
import { openConnectionsTogether } from './open-connection';

const TIMEOUT_CHECK_MS = 1_000;
/** How long kafkajs may need to see that time is up. */
const GRACE_MS = 2 * TIMEOUT_CHECK_MS;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called on the queue it belongs to
const scheduleAlways = RequestQueue.prototype.scheduleCheckPendingRequests;

/**
 * kafkajs sets a timer after every answer to look for requests that wait, with a negative time when none do: Node
 * warns of that, and it wakes an idle process. Without waiting requests there is nothing to look for.
 */
function scheduleIfAnyWait(this: RequestQueue): void {
  if (this.pending.length > 0) scheduleAlways.call(this);
}

/** kafkajs looks ten times a second, on every connection, whether a request has taken too long. Once will do. */
function checkTimeoutsOncePerSecond(this: RequestQueue): void {
  this.destroy();
  this.requestTimeoutIntervalId = setInterval(
    () => {
      for (const request of [...this.inflight.values()]) {
        if (Date.now() - request.sentAt > request.requestTimeout) request.timeoutRequest();
      }
      if (!this.isConnected()) this.destroy();
    },
    Math.min(this.requestTimeout, TIMEOUT_CHECK_MS),
  );
}

/**
 * kafkajs ends whatever socket a connection has once its requests are settled: that may be a new one by then, or one
 * that was ended before and gathers listeners for as long as a broker is down; and until then it takes requests that
 * nobody will answer. Here a socket belongs to whoever began to disconnect it, and is never heard of again.
 */
async function disconnectOnce(this: Connection): Promise<true> {
  const { socket } = this;
  // By then kafkajs tells nobody who still waits for an answer that there will be none.
  socket?.once('close', () => {
    if (this.socket === undefined) this.rejectRequests(new KafkaJSConnectionError('Closed connection'));
  });
  this.socket = undefined;
  this.authenticatedAt = null;
  this.connectionStatus = 'disconnected';
  await this.requestQueue.waitForPendingRequests();
  socket?.destroy();
  if (this.socket === undefined) this.requestQueue.destroy();
  return true;
}

type TimedConnection = Pick<Connection, 'requestTimeout' | 'broker' | 'rejectRequests' | 'disconnect'>;

// eslint-disable-next-line @typescript-eslint/unbound-method -- called on the connection it belongs to
const sendAnyhow = Connection.prototype.send;

function sendInTime<T>(this: Connection, exchange: WireExchange<T>): Promise<T> {
  return inTime(
    this,
    exchange.requestTimeout ?? 0,
    sendAnyhow.call(this, exchange as WireExchange<unknown>) as Promise<T>,
  );
}

/**
 * kafkajs looks for requests without an answer by the system's clock, which may be set back, and not on connections that
 * are being ended. Here no request waits for ever: a connection that has not answered in time is given up.
 *
 * @param timeoutMs the connection's own where that is longer
 */
export function inTime<T>(connection: TimedConnection, timeoutMs: number, answer: Promise<T>): Promise<T> {
  const longestMs = Math.max(connection.requestTimeout, timeoutMs);
  return within(longestMs, `a request to ${connection.broker}`, answer, (error) => {
    connection.rejectRequests(error);
    void connection.disconnect();
  });
}

/** @throws KafkaJSConnectionError when the work has not settled a while after kafkajs should have given it up. */
async function within<T>(ms: number, what: string, work: Promise<T>, giveUp: (error: Error) => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new KafkaJSConnectionError(`${what} has been without an answer for ${ms + GRACE_MS} ms`);
      giveUp(error);
      reject(error);
    }, ms + GRACE_MS);
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * kafkajs makes room by the next power of two, filled with zeros, twice for each request. V8 collects the whole heap after
 * every 64 MiB of such memory, which costs a producer more than what it sends.
 */
function makeRoom(this: Encoder, bytes: number): void {
  const needed = this.offset + bytes;
  if (needed <= this.buf.length) return;
  const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.buf.length));
  this.buf.copy(grown, 0, 0, this.offset);
  this.buf = grown;
}

/** Mends what kafkajs 2.2.4 does wrong, or at too high a price, on any connection. Safe to call again. */
export function repairKafkajs(): void {
  RequestQueue.prototype.scheduleCheckPendingRequests = scheduleIfAnyWait;
  RequestQueue.prototype.scheduleRequestTimeoutCheck = checkTimeoutsOncePerSecond;
  openConnectionsTogether();
  Connection.prototype.send = sendInTime;
  Connection.prototype.disconnect = disconnectOnce;
  Encoder.prototype.ensureAvailable = makeRoom;
}
