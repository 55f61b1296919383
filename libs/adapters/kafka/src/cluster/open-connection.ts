import type { Socket } from 'node:net';
import { KafkaJSConnectionError } from 'kafkajs';
import Broker from 'kafkajs/src/broker';
import Connection from 'kafkajs/src/network/connection';

/** Every answer begins with its size. */
const SIZE_BYTES = 4;

/**
 * With kafkajs each of several who find a broker unconnected waits for its turn to try, and whoever fails ends what the next
 * one has just begun, which then waits in vain for all of its time. Where many read over TLS, nobody gets through any more
 * after a broker was away for a moment. Here all of them share one attempt and its outcome.
 */
export function openConnectionsTogether(): void {
  Connection.prototype.connect = connectTogether;
  Broker.prototype.connect = connectBrokerTogether;
}

const connectTogether = together(open);
// eslint-disable-next-line @typescript-eslint/unbound-method -- called on the broker it belongs to
const connectBrokerTogether = together(Broker.prototype.connect);

/** Who calls while a call on the same object is under way shares its outcome. */
function together<Of extends object, T>(work: (this: Of) => Promise<T>): (this: Of) => Promise<T> {
  const underWay = new WeakMap<Of, Promise<T>>();
  return function shared(this: Of) {
    const found = underWay.get(this);
    if (found !== undefined) return found;
    const begun = work.call(this).finally(() => underWay.delete(this));
    underWay.set(this, begun);
    return begun;
  };
}

/**
 * Opens a socket that is heard of as long as it is the connection's own. kafkajs lets one that was given up end the one after
 * it, and takes what it had of an answer for the beginning of the next one's.
 *
 * @throws KafkaJSConnectionError also when it is disconnected meanwhile
 */
function open(this: Connection): Promise<true> {
  if (this.isConnected()) return Promise.resolve(true);
  const { broker, connectionTimeout } = this;
  this.rejectRequests(new KafkaJSConnectionError('Closed connection'));
  this.chunks = [];
  this.bytesBuffered = 0;
  this.bytesNeeded = SIZE_BYTES;
  this.authenticatedAt = null;
  return new Promise((resolve, reject) => {
    const lost = (error: KafkaJSConnectionError): void => {
      clearTimeout(timer);
      reject(error);
      if (this.socket !== socket) return;
      this.authHandlers?.onError();
      this.logError(error.message);
      this.rejectRequests(error);
      void this.disconnect();
    };
    const failed = (text: string, code = ''): void => lost(new KafkaJSConnectionError(text, { broker, code }));
    const socket = socketOf(this, () => {
      clearTimeout(timer);
      this.connectionStatus = 'connected';
      this.requestQueue.scheduleRequestTimeoutCheck();
      resolve(true);
    });
    const timer = setTimeout(() => failed('Connection timeout'), connectionTimeout);
    this.socket = socket;
    socket.on('data', (bytes) => this.processData(bytes));
    socket.on('error', ({ message, code }: NodeJS.ErrnoException) => failed(`Connection error: ${message}`, code));
    // Before a connection stands an error follows that tells more.
    socket.on('end', () => this.isConnected() && failed('Closed connection'));
    socket.on('close', () => failed(`the connection to ${broker} was ended`));
  });
}

function socketOf({ broker, host, port, ssl, socketFactory }: Connection, onConnect: () => void): Socket {
  try {
    return socketFactory({ host, port, ssl, onConnect });
  } catch (error) {
    throw new KafkaJSConnectionError(`Failed to connect: ${error instanceof Error ? error.message : String(error)}`, {
      broker,
    });
  }
}
