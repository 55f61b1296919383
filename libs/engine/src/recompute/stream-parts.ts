import type { MetricDefinition } from '@tillstream/core';
import type { DerivedStream, StreamDefinition } from '@tillstream/contracts';

/** Metrics over one stream: that of the events, or one that is derived from it. */
export interface StreamPart {
  readonly stream: StreamDefinition;
  /** Null: they are over events. */
  readonly derived: DerivedStream | null;
  readonly metrics: readonly MetricDefinition[];
}

/** Some metrics of a stream file by what they are computed over: each part takes a reading of its own. */
export function streamParts(definition: StreamDefinition, metrics: readonly MetricDefinition[]): readonly StreamPart[] {
  const partOf = (stream: StreamDefinition, derived: DerivedStream | null): StreamPart => {
    const own = new Set(stream.metrics.map(({ identity }) => identity));
    return { stream, derived, metrics: metrics.filter(({ identity }) => own.has(identity)) };
  };
  const parts = [partOf(definition, null), ...(definition.derived ?? []).map((one) => partOf(one.definition, one))];
  return parts.filter((part) => part.metrics.length > 0);
}
