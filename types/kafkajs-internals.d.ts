/**
 * The parts of kafkajs 2.2.4 below its public face that this adapter stands on: connections, metadata and the group
 * requests. The library is frozen and pinned exactly; `assertKnownKafkajs` refuses any other version at the start.
 */

declare module 'kafkajs/src/cluster' {
  import type { Broker, BrokerPool, InternalLogger } from 'kafkajs/src/broker';

  interface ClusterOptions {
    readonly logger: InternalLogger;
    readonly socketFactory: unknown;
    readonly brokers: readonly string[];
    readonly ssl: unknown;
    readonly sasl: unknown;
    readonly clientId: string;
    readonly connectionTimeout: number;
    readonly authenticationTimeout: number;
    readonly reauthenticationThreshold: number;
    readonly requestTimeout: number;
    readonly enforceRequestTimeout: boolean;
    readonly metadataMaxAge: number;
    readonly retry: { readonly retries: number; readonly initialRetryTime: number; readonly maxRetryTime: number };
    readonly allowAutoTopicCreation: boolean;
    readonly maxInFlightRequests: number | null;
    readonly isolationLevel: number;
  }

  class Cluster {
    constructor(options: ClusterOptions);
    readonly brokerPool: BrokerPool;
    isConnected(): boolean;
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    findBroker(node: { readonly nodeId: number | string }): Promise<Broker>;
    findGroupCoordinator(group: { readonly groupId: string }): Promise<Broker>;
  }
  export = Cluster;
}

declare module 'kafkajs/src/broker' {
  import type { Socket } from 'node:net';

  interface InternalLogger {
    namespace(name: string): InternalLogger;
    debug(message: string, fields?: object): void;
    info(message: string, fields?: object): void;
    warn(message: string, fields?: object): void;
    error(message: string, fields?: object): void;
  }

  interface WireRequest {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    /** Of what `buffer` gives, the encoder of a request asks for no more than this. */
    encode(): Promise<{ readonly buf: Buffer; readonly buffer: Pick<Buffer, 'length' | 'copy'> }>;
  }

  interface WireExchange<T> {
    readonly request: WireRequest;
    readonly response: {
      decode(payload: Buffer): Promise<T & { clientSideThrottleTime: number }>;
      parse(data: T): Promise<T>;
    };
    readonly requestTimeout?: number;
  }

  interface PushedRequest {
    readonly entry: {
      readonly apiKey: number;
      readonly apiName: string;
      readonly apiVersion: number;
      readonly correlationId: number;
      resolve(answer: { readonly payload: Buffer }): void;
      reject(error: unknown): void;
    };
    readonly expectResponse: boolean;
    readonly requestTimeout: number | null;
    sendRequest(): void;
  }

  interface Connection {
    readonly broker: string;
    readonly clientId: string;
    readonly requestTimeout: number;
    readonly sasl: unknown;
    readonly socket: Socket | undefined;
    readonly requestQueue: { push(request: PushedRequest): void; maybeThrottle(throttleMs: number): void };
    send<T>(exchange: WireExchange<T>): Promise<T>;
    nextCorrelationId(): number;
    rejectRequests(error: Error): void;
    isConnected(): boolean;
    isAuthenticated(): boolean;
    connect(): Promise<unknown>;
    disconnect(): Promise<true>;
  }

  interface ConnectionPool {
    readonly pool: readonly Connection[];
  }

  class Broker {
    constructor(options: {
      readonly connectionPool: ConnectionPool;
      readonly logger: InternalLogger;
      readonly versions: Broker['versions'];
    });
    readonly nodeId: number | string;
    readonly connectionPool: ConnectionPool;
    readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    listOffsets(request: {
      readonly replicaId: number;
      readonly isolationLevel: number;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly timestamp: string | number }[];
      }[];
    }): Promise<{
      readonly responses: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly offset: string;
          readonly timestamp: string;
        }[];
      }[];
    }>;
    joinGroup(request: {
      readonly groupId: string;
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly memberId: string;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    }): Promise<{
      readonly generationId: number;
      readonly groupProtocol: string;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    }>;
    syncGroup(request: {
      readonly groupId: string;
      readonly generationId: number;
      readonly memberId: string;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    }): Promise<{ readonly memberAssignment: Buffer }>;
    heartbeat(request: {
      readonly groupId: string;
      readonly groupGenerationId: number;
      readonly memberId: string;
    }): Promise<unknown>;
    leaveGroup(request: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
    describeGroups(request: { readonly groupIds: readonly string[] }): Promise<{
      readonly groups: readonly {
        readonly groupId: string;
        readonly members: readonly { readonly memberId: string; readonly clientId: string }[];
      }[];
    }>;
    offsetCommit(request: {
      readonly groupId: string;
      readonly groupGenerationId: number;
      readonly memberId: string;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly {
          readonly partition: number;
          readonly offset: string;
          readonly metadata: null;
        }[];
      }[];
    }): Promise<unknown>;
    offsetFetch(request: {
      readonly groupId: string;
      readonly topics: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number }[];
      }[];
    }): Promise<{
      readonly responses: readonly {
        readonly topic: string;
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
      }[];
    }>;
  }

  interface BrokerPool {
    readonly brokers: Readonly<Record<string, Broker>>;
    readonly seedBroker: Broker | undefined;
    readonly metadata: {
      readonly topicMetadata: readonly {
        readonly topic: string;
        readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
      }[];
    } | null;
    refreshMetadata(topics: readonly string[]): Promise<void>;
  }

  export {
    Broker,
    Broker as default,
    BrokerPool,
    Connection,
    ConnectionPool,
    InternalLogger,
    WireExchange,
    WireRequest,
  };
}

declare module 'kafkajs/src/network/socketFactory' {
  const createSocketFactory: () => unknown;
  export = createSocketFactory;
}

declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    readonly pending: readonly unknown[];
    readonly inflight: ReadonlyMap<
      number,
      { readonly sentAt: number; readonly requestTimeout: number; timeoutRequest(): void }
    >;
    readonly requestTimeout: number;
    readonly isConnected: () => boolean;
    requestTimeoutIntervalId: NodeJS.Timeout | undefined;
    scheduleCheckPendingRequests(): void;
    scheduleRequestTimeoutCheck(): void;
    waitForPendingRequests(): Promise<void>;
    destroy(): void;
  }
  export = RequestQueue;
}

declare module 'kafkajs/src/network/connection' {
  import type { Socket } from 'node:net';
  import type { InternalLogger, WireExchange } from 'kafkajs/src/broker';
  import type RequestQueue from 'kafkajs/src/network/requestQueue';

  class Connection {
    constructor(options: {
      readonly host: string;
      readonly port: number;
      readonly logger: InternalLogger;
      readonly socketFactory: unknown;
      readonly requestTimeout: number;
      readonly connectionTimeout: number;
    });
    readonly broker: string;
    readonly host: string;
    readonly port: number;
    readonly ssl: unknown;
    readonly socketFactory: (asked: {
      readonly host: string;
      readonly port: number;
      readonly ssl: unknown;
      readonly onConnect: () => void;
    }) => Socket;
    /** Of a login without requests of its own that is under way. */
    readonly authHandlers: { onError(): void } | null;
    readonly requestTimeout: number;
    readonly connectionTimeout: number;
    chunks: Buffer[];
    bytesBuffered: number;
    bytesNeeded: number;
    socket: Socket | undefined;
    authenticatedAt: unknown;
    connectionStatus: 'connected' | 'disconnected';
    readonly requestQueue: RequestQueue;
    send<T>(exchange: WireExchange<T>): Promise<T>;
    processData(bytes: Buffer): void;
    rejectRequests(error: Error): void;
    logError(message: string): void;
    isConnected(): boolean;
    connect(): Promise<true>;
    disconnect(): Promise<true>;
  }
  export = Connection;
}

declare module 'kafkajs/src/network/connectionPool' {
  import type { ConnectionPool as Pool } from 'kafkajs/src/broker';
  import type Connection from 'kafkajs/src/network/connection';

  const ConnectionPool: new (options: ConstructorParameters<typeof Connection>[0]) => Pool;
  export = ConnectionPool;
}

declare module 'kafkajs/src/protocol/encoder' {
  class Encoder {
    buf: Buffer;
    readonly offset: number;
    readonly buffer: Buffer;
    ensureAvailable(bytes: number): void;
    writeInt32(value: number): this;
    writeBuffer(bytes: Buffer): this;
  }
  export = Encoder;
}

/** For tests: kafkajs as the oracle of the record format. */
declare module 'kafkajs/src/protocol/decoder' {
  class Decoder {
    constructor(buffer: Buffer);
  }
  export = Decoder;
}

declare module 'kafkajs/src/protocol/recordBatch/v0/decoder' {
  import type Decoder from 'kafkajs/src/protocol/decoder';

  const decode: (decoder: Decoder) => Promise<{
    readonly records: readonly {
      readonly key: Buffer | null;
      readonly value: Buffer | null;
      readonly headers: Readonly<Record<string, Buffer>>;
      readonly timestamp: string;
    }[];
  }>;
  export = decode;
}
