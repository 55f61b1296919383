import type { Refusal } from '@tillstream/adapter-telemetry';
import type { BufferPool } from '@tillstream/core';
import type { Clock } from '@tillstream/engine';
import type { KeyLimits, KeyRing } from '@tillstream/doors';
import type { ByteLane } from './byte-budget';
import type { IngestStream, Publisher } from './publisher';

/** What HTTP and gRPC have in common: the rules of taking events in. */
export interface IngestEdge {
  /** Nothing is taken in before the service has found everything in order. */
  readonly isOpen: () => boolean;
  readonly streams: ReadonlyMap<string, IngestStream>;
  readonly keys: Pick<KeyRing, 'find' | 'shown'>;
  readonly limits: KeyLimits;
  readonly budget: ByteLane;
  readonly pool: BufferPool;
  readonly publisher: Publisher;
  readonly observer: {
    /** What a caller was told, and how long that took. */
    answered(transport: 'http' | 'grpc', status: string, seconds: number, refusal?: Refusal | null): void;
  };
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMs'>;
}
