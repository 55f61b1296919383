import type { MetricDefinition, StreamSchema } from '@tillstream/core';
import type { StreamTopics } from '../topics/topic-names';

/** How long each topic keeps its records. `metricsMs` is also how far back queries can ask. */
export interface Retention {
  readonly rawMs: number;
  readonly enrichedMs: number;
  readonly metricsMs: number;
  readonly partsMs: number;
  readonly lateMs: number;
  readonly deadLettersMs: number;
  readonly alertsMs: number;
}

/** A stream file after validation. */
export interface StreamDefinition {
  readonly schema: StreamSchema;
  readonly metrics: readonly MetricDefinition[];
  readonly topics: StreamTopics;
  readonly retention: Retention;
  /** Hex, over what the file means: white space, comments, order of keys, cadences and retention do not change it. */
  readonly sha256: string;
  /** The file it was read from, for messages. */
  readonly file: string;
  /** What stands in it. */
  readonly text: string;
}
