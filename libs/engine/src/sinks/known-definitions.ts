import type { Feed, FeedRow, FeedTable, StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { readDefinitions } from '../definitions/definition-history';
import type { LogReader } from '../ports/log';
import { StopPartitionError, TaskRenewalError } from '../task/stop-partition';

/** The table of finals of metrics that no known file declares. */
const UNDECLARED = 'finals';

/**
 * The stream files that a task knows of, and whether these are still all. What is published under a file stands behind the file in
 * the definitions topic: whoever meets what it does not know finds it there.
 */
export class KnownDefinitions {
  private constructor(
    private readonly reader: LogReader,
    private readonly file: StreamDefinition,
    private readonly task: string,
    readonly history: DefinitionHistory,
    /** Where the definitions topic ended before it was read. */
    private readonly end: number,
  ) {}

  static async read(reader: LogReader, file: StreamDefinition, task: string): Promise<KnownDefinitions> {
    const end = await reader.end(file.topics.definitions, 0);
    return new KnownDefinitions(reader, file, task, await readDefinitions(reader, file), end);
  }

  /** @throws TaskRenewalError when another file has been put live since */
  async assertCurrent(): Promise<void> {
    const end = await this.reader.end(this.file.topics.definitions, 0);
    if (end > this.end) throw new TaskRenewalError(this.task, 'definition');
  }

  /** Resolves when a batch that was made under a file can be read. */
  async assertKnown(sha256: string): Promise<void> {
    if (this.history.find(sha256)) return;
    await this.assertCurrent();
    const { enriched, definitions } = this.file.topics;
    throw new StopPartitionError(
      'definition-mismatch',
      this.task,
      `batches of ${enriched} were made under another stream file (definition ${sha256.slice(0, 12)}…), and ${definitions} ` +
        'does not hold it: put it live with `till apply FILE`, or start the services with the file the topic was created for',
    );
  }

  /** Resolves when every row has the shape of its table, or of no file that anybody has put live. */
  async assertRowsKnown(feed: Feed, tables: readonly FeedTable[], rows: readonly FeedRow[]): Promise<void> {
    const columns = new Map(tables.map((table) => [table.name, new Set(table.columns.map(({ name }) => name))]));
    const isKnown = ({ table, values }: FeedRow): boolean => {
      if (feed === 'finals') return table !== UNDECLARED;
      return feed !== 'attributions' || Object.keys(values).every((name) => columns.get(table)?.has(name) === true);
    };
    if (!rows.every(isKnown)) await this.assertCurrent();
  }
}
