import { loadPackageDefinition, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type GetOpenSessionRequest,
  type GetOpenSessionResponse,
} from '@tillstream/contracts';
import { grpcTarget, type ClientTls } from '@tillstream/doors';
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
  readonly tls: ClientTls;
}

/** Who asks a query-api waits no longer for what is open. */
const ANSWER_WITHIN_MS = 1_000;

/** Asks a session-tracker, whichever replica of it the address leads to. */
export class TrackedSessions implements OpenSessions {
  private readonly client: TrackerClient;
  private readonly metadata = new Metadata();

  constructor(
    { address, key, tls }: Tracker,
    private readonly clock: Clock,
    private readonly onTrouble: (error: unknown) => void,
  ) {
    const definition = loadSync(PROTO_FILES.sessions, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { sessions: { v1: { SessionService: new (address: string, creds: unknown) => TrackerClient } } };
    };
    const target = grpcTarget(address, tls);
    this.client = new tillstream.sessions.v1.SessionService(target.address, target.credentials);
    if (key !== null) this.metadata.set('authorization', `Bearer ${key}`);
  }

  of(stream: string, user: string, signal: AbortSignal): Promise<GetOpenSessionResponse | null> {
    return new Promise((resolve) => {
      const deadline = this.clock.nowMs() + ANSWER_WITHIN_MS;
      const call = this.client.getOpenSession(
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
    this.client.close();
  }
}
