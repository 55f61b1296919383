import Connection from 'kafkajs/src/network/connection';
import RequestQueue from 'kafkajs/src/network/requestQueue';
import Encoder from 'kafkajs/src/protocol/encoder';

const TIMEOUT_CHECK_MS = 1_000;

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
  this.socket = undefined;
  this.authenticatedAt = null;
  this.connectionStatus = 'disconnected';
  await this.requestQueue.waitForPendingRequests();
  socket?.destroy();
  if (this.socket === undefined) this.requestQueue.destroy();
  return true;
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
  Connection.prototype.disconnect = disconnectOnce;
  Encoder.prototype.ensureAvailable = makeRoom;
}
