import type { Feed, FeedTable, StreamDefinition } from '@tillstream/contracts';
import type { FlushBounds, Sink, SinkPartition, TaskLog } from '@tillstream/engine';
import type { Connections, Session } from './connections';
import { PendingTable } from './pending-table';
import type { Lane } from './postgres-partition';
import { PostgresPartition, storedPosition } from './postgres-partition';
import { makeSchema, makeTables } from './schema';

export interface PostgresSinkOptions {
  readonly name: string;
  readonly schema: string;
  readonly bounds: FlushBounds;
  readonly log: TaskLog;
}

/** Tables of a database, made and migrated as the stream file changes. */
export class PostgresSink implements Sink {
  constructor(
    private readonly connections: Connections,
    private readonly definition: StreamDefinition,
    private readonly options: PostgresSinkOptions,
  ) {}

  prepare(): Promise<void> {
    return this.connections.transaction((session) => makeSchema(session, this.options.schema));
  }

  async open(feed: Feed, partition: number, tables: readonly FeedTable[]): Promise<SinkPartition> {
    const { name, schema, bounds, log } = this.options;
    const lane: Lane = { schema, sink: name, feed, partition };
    const make = async (session: Session): Promise<void> => {
      await makeSchema(session, schema);
      await makeTables(session, schema, tables, log);
    };
    const stored = await this.connections.transaction(async (session) => {
      await make(session);
      return storedPosition(session, lane);
    });
    const repair = (): Promise<void> => this.connections.transaction(make);
    const pending = tables.map((table) => new PendingTable(table, this.definition.schema));
    return new PostgresPartition(this.connections, lane, pending, bounds, repair, stored);
  }

  close(): Promise<void> {
    return this.connections.close();
  }
}
