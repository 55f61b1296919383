import type { PartitionAggregatorOptions } from '@tillstream/core';
import { PartitionAggregator } from '@tillstream/core';
import { keptName } from '@tillstream/contracts';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { PartitionSource } from '../ports/log';
import type { BatchTask } from '../task/batch-task';
import { gapServiceOf } from '../task/gap-ledger';
import type { BatchTaskKind, LoadedCheckpoint, PlacedOperator } from '../task/open-batch-task';
import { openBatchTask } from '../task/open-batch-task';
import type { TaskPorts } from '../task/task-ports';
import { waitForFirstBatch } from '../task/wait-for-first-batch';
import { AggregatorOutput } from './aggregator-output';
import { findRebuildStart, lastLateCounts, staleTotals } from './rebuild';

export const AGGREGATOR = 'aggregator';

/**
 * Applies one enriched partition, or one of a derived stream's rows, to the windows of all metrics over it: from its
 * checkpoint, or rebuilt from the log when the store knows nothing of it.
 *
 * Beside what holds of every such task: what is final is acknowledged before the frontier that says so is sent.
 */
export function openAggregatorTask(
  ports: TaskPorts,
  file: StreamDefinition,
  source: PartitionSource,
): Promise<BatchTask<PartitionAggregator>> {
  return openBatchTask(ports, file, source, new AggregatorKind(ports, file, source));
}

class AggregatorKind implements BatchTaskKind<PartitionAggregator> {
  readonly name: string;
  readonly service: string;
  readonly verb = 'aggregate';

  constructor(
    private readonly ports: TaskPorts,
    private readonly file: StreamDefinition,
    private readonly source: PartitionSource,
  ) {
    this.name = `agg:${keptName(file)}:${source.partition}`;
    this.service = gapServiceOf(AGGREGATOR, file);
  }

  /** A partition that never had a batch holds nobody up: it says so once, and waits. */
  waitForFirstBatch(): Promise<void> {
    const { ports, file, source } = this;
    return waitForFirstBatch(ports, source, () => new AggregatorOutput(ports, file, source.partition).sendUnborn());
  }

  definitionIn(state: Uint8Array): string {
    return PartitionAggregator.definitionOf(state).definition;
  }

  restore(definition: StreamDefinition, history: DefinitionHistory, saved: LoadedCheckpoint): PartitionAggregator {
    return PartitionAggregator.restore(this.optionsUnder(definition, history), saved);
  }

  async rebuild(history: DefinitionHistory): Promise<PlacedOperator<PartitionAggregator>> {
    const { file, name } = this;
    const { reader, writer } = this.ports;
    const { partition } = this.source;
    const start = await findRebuildStart(reader, file, history, partition, name);
    const definition = definitionInForce(history, start.before.definition, name, file.topics);
    const aggregator = PartitionAggregator.create(this.optionsUnder(definition, history), start);
    aggregator.seedLateCounts(await lastLateCounts(reader, file, history.metrics(), partition));
    if (start.completeFromMs !== -Infinity) {
      const stale = await staleTotals(reader, file, history.metrics(), partition);
      if (stale.length > 0) await writer.append(file.topics.metrics, partition, stale);
    }
    return { operator: aggregator, definition, seek: start.seek };
  }

  outputOf(definition: StreamDefinition, aggregator: PartitionAggregator): AggregatorOutput {
    const output = new AggregatorOutput(this.ports, definition, this.source.partition, aggregator.definitions());
    output.sendSpans(aggregator);
    output.sendProgress(aggregator);
    return output;
  }

  private optionsUnder(definition: StreamDefinition, history: DefinitionHistory): PartitionAggregatorOptions {
    const { schema, metrics } = definition;
    return { schema, metrics, retired: history.retiredFrom(definition), partition: this.source.partition };
  }
}
