import type { MetricDefinition } from '@tillstream/core';
import type { StreamDefinition } from '@tillstream/contracts';
import { decodeDefinition, seenFrom } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from '../task/log-tail';

/**
 * The stream files that were put live, in this order, and the one that a service was started with. A service works under
 * the definition that is in force where it stands in the log, not under its file.
 */
export class DefinitionHistory {
  private readonly bySha256: ReadonlyMap<string, StreamDefinition>;

  constructor(
    private readonly file: StreamDefinition,
    /** Oldest first; one may have been put live more than once. */
    private readonly applied: readonly StreamDefinition[],
  ) {
    this.bySha256 = new Map([file, ...applied].map((definition) => [definition.sha256, definition]));
  }

  /** What was put live last; the file of the service when nothing was. */
  get newest(): StreamDefinition {
    return this.applied.at(-1) ?? this.file;
  }

  /** Was a definition with this meaning ever put live? */
  wasApplied(sha256: string): boolean {
    return this.applied.some((definition) => definition.sha256 === sha256);
  }

  /** The definition of a meaning; null when nobody has put it live. '' is what holds before anything was. */
  find(sha256: string): StreamDefinition | null {
    return sha256 === '' ? (this.applied[0] ?? this.file) : (this.bySha256.get(sha256) ?? null);
  }

  /** Metrics that were declared before a definition was put live and are not declared by it, each identity once. */
  retiredFrom(definition: StreamDefinition): MetricDefinition[] {
    const declared = new Set(definition.metrics.map(({ identity }) => identity));
    const at = this.applied.findLastIndex(({ sha256 }) => sha256 === definition.sha256);
    return metricsOf(this.applied.slice(0, Math.max(at, 0))).filter(({ identity }) => !declared.has(identity));
  }

  /** All that may have been in force, oldest first. */
  definitions(): readonly StreamDefinition[] {
    return this.applied.length > 0 ? this.applied : [this.file];
  }

  /** This stream, and then every one that any of its files derives from it, as those see the files who work on it. */
  streams(): readonly DefinitionHistory[] {
    const derived = new Map<string, StreamDefinition>();
    for (const { definition } of this.definitions().flatMap((file) => file.derived ?? [])) {
      derived.set(definition.schema.stream, definition);
    }
    return [this, ...[...derived.values()].map((stream) => this.seenFrom(stream))];
  }

  private seenFrom(stream: StreamDefinition): DefinitionHistory {
    return new DefinitionHistory(
      stream,
      this.definitions().map((definition) => seenFrom(stream, definition)),
    );
  }

  /** Every metric that was ever declared, each identity once, those of the newest definition first. */
  metrics(): MetricDefinition[] {
    return metricsOf(this.definitions());
  }
}

/** @param definitions oldest first */
function metricsOf(definitions: readonly StreamDefinition[]): MetricDefinition[] {
  const found = new Map<string, MetricDefinition>();
  for (const { metrics } of [...definitions].reverse()) {
    for (const metric of metrics) if (!found.has(metric.identity)) found.set(metric.identity, metric);
  }
  return [...found.values()];
}

/**
 * Reads `<stream>.definitions.v1` to its end.
 *
 * @param file what the service was started with; for whoever works on a derived stream its definition, and all are seen from there
 * @throws RangeError for a stream file that this version reads in another way than the one that has put it live
 */
export async function readDefinitions(reader: LogReader, file: StreamDefinition): Promise<DefinitionHistory> {
  const topic = file.topics.definitions;
  const [begin, end] = [await reader.begin(topic, 0), await reader.end(topic, 0)];
  const applied: StreamDefinition[] = [];
  for await (const record of recordsBetween(reader, topic, 0, begin, end)) {
    const definition = decodeDefinition(record, file);
    if (definition) applied.push(seenFrom(file, definition));
  }
  return new DefinitionHistory(file, applied);
}
