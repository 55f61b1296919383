import type { EventBatch } from '@tillstream/core';
import type { FeedTable, SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { FEED_ROLES, FeedSelection, feedDecoder, feedTables, keptName } from '@tillstream/contracts';
import type { GroupConsumer, PartitionSource } from '../ports/log';
import { readGaps } from '../task/gap-ledger';
import type { TaskPorts } from '../task/task-ports';
import { EventIntake } from './event-intake';
import { everDeclared } from './ever-declared';
import type { FeedIntake } from './feed-intake';
import { sinkService } from './feed-intake';
import { findEventStart, findRowStart } from './feed-start';
import { KnownDefinitions } from './known-definitions';
import type { PreparedSink } from './prepared-sink';
import { refusedRowsLog } from './refused-rows';
import { RowIntake } from './row-intake';
import { SinkTask } from './sink-task';

/** The topics that a sink's rows come from. */
export function sinkInputs({ topics }: StreamDefinition, { feeds }: SinkDefinition): readonly string[] {
  return feeds.map(({ feed }) => topics[FEED_ROLES[feed]]);
}

/** The consumer group that a sink has for itself. */
export function sinkGroup(definition: StreamDefinition, { name }: SinkDefinition): string {
  return `${keptName(definition)}.sink-writer.${name}`;
}

/**
 * Takes one partition of one of a sink's feeds over. The task finds out where to begin when the store answers.
 *
 * @param file with which the service was started: it says what the sink is given
 */
export async function openSinkTask(
  ports: Omit<TaskPorts, 'store'>,
  file: StreamDefinition,
  sink: PreparedSink,
  source: PartitionSource,
  consumer: Pick<GroupConsumer, 'committed'>,
): Promise<SinkTask> {
  const { reader, telemetry } = ports;
  const { topic, partition } = source;
  const { stream } = file.schema;
  const { name: sinkName, feeds } = sink.definition;
  const declared = feeds.find(({ feed }) => file.topics[FEED_ROLES[feed]] === topic);
  if (!declared) throw new Error(`no feed of the sink ${sinkName} comes from ${topic}`);
  const { feed } = declared;
  const name = `sink:${stream}:${sinkName}:${feed}:${partition}`;
  const definitions = await KnownDefinitions.read(reader, file, name);
  const definition = everDeclared(file, definitions.history);
  const tables = feedTables(definition, feed);
  const selection = new FeedSelection(definition, declared);

  const begin = async (stored: number | null): Promise<FeedIntake> => {
    const service = sinkService(sinkName, feed);
    const gaps = await readGaps(reader, file, service, partition);
    const committed = await consumer.committed(topic, partition);
    const left = { task: name, service, stream, gaps, stored, committed };
    if (feed === 'events') {
      const options = {
        ...{ task: name, service, stream, source, gaps, log: telemetry.log },
        table: selection.tables[0] as FeedTable,
        select: (batch: EventBatch, from: number) => selection.events(batch, from),
        assertKnown: (sha256: string) => definitions.assertKnown(sha256),
      };
      return new EventIntake(options, await findEventStart(reader, source, left));
    }
    const options: ConstructorParameters<typeof RowIntake>[0] = {
      partition,
      decode: feedDecoder(definition, feed),
      select: (rows) => selection.rows(rows),
      assertKnown: (rows) => definitions.assertRowsKnown(feed, tables, rows),
    };
    return new RowIntake(options, await findRowStart(reader, source, left));
  };
  return new SinkTask(ports, {
    ...{ name, stream, feed, sink, source, begin },
    tables: selection.tables,
    committed: () => consumer.committed(topic, partition),
    keep: refusedRowsLog(ports.writer, file, sinkName, feed, partition),
    assertCurrent: () => definitions.assertCurrent(),
  });
}
