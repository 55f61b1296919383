import { loadPackageDefinition, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type GetOpenSessionRequest,
  type GetOpenSessionResponse,
} from '@tillstream/contracts';
import { grpcTarget, type ClientTls, type CurrentClientTls } from '@tillstream/doors';
import type { Clock } from '@tillstream/engine';

/** Who knows the sessions that are open. */
export interface OpenSessions {
  /** The open sessions of a user; null: nobody can be asked now. */
  of(stream: string, user: string, signal: AbortSignal): Promise<GetOpenSessionResponse | null>;
  close(): void;
}

/** There is no session-tracker. */
export const NOBODY_KNOWS: OpenSessions = { of: () => Promise.resolve(null), close: () => undefined };

interface TrackerClient {
  getOpenSession(
    request: GetOpenSessionRequest,
    metadata: Metadata,
    options: { readonly deadline: number },
    callback: (error: ServiceError | null, response: GetOpenSessionResponse) => void,
  ): { cancel(): void };
  close(): void;
}

/** Where a session-tracker is, and how it is asked. */
export interface Tracker {
  /** `host:port`, or `grpcs://host:port`. */
  readonly address: string;
  /** Read key; null where none is asked for. */
  readonly key: string | null;
  readonly tls: CurrentClientTls;
}

/** Who asks a query-api waits no longer for what is open. */
const ANSWER_WITHIN_MS = 1_000;

/** Asks a session-tracker, whichever replica of it the address leads to. */
export class TrackedSessions implements OpenSessions {
  private readonly connect: (tls: ClientTls) => TrackerClient;
  private readonly metadata = new Metadata();
  private connected: { readonly tls: ClientTls; readonly client: TrackerClient };

  constructor(
    private readonly tracker: Tracker,
    private readonly clock: Clock,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    const definition = loadSync(PROTO_FILES.sessions, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { sessions: { v1: { SessionService: new (address: string, creds: unknown) => TrackerClient } } };
    };
    const { address, key, tls } = tracker;
    this.connect = (current) => {
      const target = grpcTarget(address, current);
      return new tillstream.sessions.v1.SessionService(target.address, target.credentials);
    };
    this.connected = { tls: tls.current, client: this.connect(tls.current) };
    if (key !== null) this.metadata.set('authorization', `Bearer ${key}`);
  }

  of(stream: string, user: string, signal: AbortSignal): Promise<GetOpenSessionResponse | null> {
    return new Promise((resolve) => {
      const deadline = this.clock.nowMs() + ANSWER_WITHIN_MS;
      const call = this.client().getOpenSession(
        { stream, user, part: '' },
        this.metadata,
        { deadline },
        (error, answer) => {
          signal.removeEventListener('abort', cancel);
          if (error !== null && error.code !== status.CANCELLED) this.onTrouble(error);
          resolve(error === null ? answer : null);
        },
      );
      const cancel = (): void => call.cancel();
      signal.addEventListener('abort', cancel);
    });
  }

  close(): void {
    this.connected.client.close();
  }

  /** Connected with what is trusted and shown now. Calls under way on an earlier connection come to their end. */
  private client(): TrackerClient {
    const { current } = this.tracker.tls;
    if (this.connected.tls === current) return this.connected.client;
    this.close();
    this.connected = { tls: current, client: this.connect(current) };
    return this.connected.client;
  }
}
