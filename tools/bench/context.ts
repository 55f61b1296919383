import type { StreamDefinition } from '@tillstream/contracts';
import type { EventFile } from './events';

/** What every measurement is given. */
export interface BenchContext {
  readonly definition: StreamDefinition;
  /** How many events parts are measured with. */
  readonly partCount: number;
  /** Events for the parts, and for the whole line: made, or taken from the cache, when they are asked for. */
  readonly partEvents: () => Promise<EventFile>;
  readonly lineEvents: () => Promise<EventFile>;
  /** Rounds of what is noisy; the median counts. */
  readonly repeat: number;
  /** How long latency and idleness are watched. */
  readonly seconds: number;
  /** How many final results history has. */
  readonly finals: number;
  /** Pictures are written too. */
  readonly write: boolean;
  /** Tells whoever waits what is being done. */
  readonly say: (text: string) => void;
}
