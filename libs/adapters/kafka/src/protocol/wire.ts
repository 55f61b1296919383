import type { Broker, Connection, WireRequest } from 'kafkajs/src/broker';
import { sendParts } from './send-parts';

/** A request of the Kafka protocol and how its answer is read. */
export interface Exchange<T> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** One behind the other. */
  readonly body: readonly Buffer[];
  decode(payload: Buffer): T & { readonly throttleMs: number };
  /** Milliseconds to wait for the answer; never shorter than the connection's own. */
  readonly timeoutMs?: number;
}

const EMPTY = Buffer.alloc(0);

/** What kafkajs asks of a buffer that it copies into a request, so that large parts need not be copied together before. */
function joined(parts: readonly Buffer[]): Pick<Buffer, 'length' | 'copy'> {
  return {
    length: parts.reduce((bytes, { length }) => bytes + length, 0),
    copy: (target, start = 0) => {
      let at = start;
      for (const part of parts) at += part.copy(target, at);
      return at - start;
    },
  };
}

/** Which of a broker's two connections carries a request: long polls must not hold up the others. */
export type Channel = 'requests' | 'fetches';

/** Sends over the broker's connection, which authenticates, throttles and times out. */
export async function exchange<T>(broker: Broker, channel: Channel, wanted: Exchange<T>): Promise<T> {
  const { apiKey, apiVersion, apiName, body } = wanted;
  const offered = broker.versions?.[apiKey];
  if (offered !== undefined && (offered.minVersion > apiVersion || offered.maxVersion < apiVersion)) {
    throw new Error(`the broker does not speak version ${apiVersion} of ${apiName}: Kafka 2.4 or newer is needed`);
  }
  const connection = await connected(broker, channel);
  if (connection.sasl === null || connection.isAuthenticated()) return sendParts(connection, wanted);
  const request: WireRequest = {
    apiKey,
    apiVersion,
    apiName,
    encode: () => Promise.resolve({ buf: EMPTY, buffer: joined(body) }),
  };
  const response = {
    decode: (payload: Buffer) => {
      const decoded = wanted.decode(payload);
      return Promise.resolve({ ...decoded, clientSideThrottleTime: decoded.throttleMs });
    },
    parse: (data: T) => Promise.resolve(data),
  };
  return connection.send<T>({
    request,
    response,
    ...(wanted.timeoutMs === undefined ? {} : { requestTimeout: wanted.timeoutMs }),
  });
}

/** The open connection of a broker. */
export async function connected(broker: Broker, channel: Channel): Promise<Connection> {
  const connection = broker.connectionPool.pool[channel === 'fetches' ? 1 : 0];
  if (connection === undefined) throw new Error('the broker has no connection for this channel');
  if (!connection.isConnected()) await connection.connect();
  return connection;
}

/** Reads the parts of an answer one behind the other. Every method throws RangeError where the answer ends too early. */
export class PayloadCursor {
  #at = 0;

  constructor(private readonly payload: Buffer) {}

  int16(): number {
    return this.payload.readInt16BE(this.advance(2));
  }

  int32(): number {
    return this.payload.readInt32BE(this.advance(4));
  }

  int64(): bigint {
    return this.payload.readBigInt64BE(this.advance(8));
  }

  /** An offset or time: exact below 2^53. */
  position(): number {
    return Number(this.int64());
  }

  /** Empty for null. */
  string(): string {
    const length = Math.max(0, this.int16());
    const start = this.advance(length);
    return this.payload.toString('utf8', start, start + length);
  }

  /** A view, empty for null. */
  bytes(): Buffer {
    const length = Math.max(0, this.int32());
    const start = this.advance(length);
    return this.payload.subarray(start, start + length);
  }

  /** Empty for null. */
  array<T>(item: () => T): T[] {
    const items: T[] = [];
    for (let left = this.int32(); left > 0; left--) items.push(item());
    return items;
  }

  private advance(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.payload.length) {
      throw new RangeError(`an answer of ${this.payload.length} bytes ends within ${bytes} bytes at ${at}`);
    }
    return at;
  }
}
