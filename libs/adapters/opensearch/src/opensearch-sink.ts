import { RowJson, keptName } from '@tillstream/contracts';
import type { Feed, FeedTable, StreamDefinition } from '@tillstream/contracts';
import { SinkRefusedError } from '@tillstream/engine';
import type { Sink, SinkPartition } from '@tillstream/engine';
import { BulkPacer } from './bulk-pacer';
import { IndexKeeper } from './index-keeper';
import { IndexNames } from './index-names';
import { fieldName, mappingOf } from './mapping';
import type { TableWriter } from './opensearch-partition';
import { OpenSearchPartition } from './opensearch-partition';
import type { OpenSearchSettings } from './settings';
import { StoreClient, wordsOf } from './store-client';
import type { StoreAddress } from './store-client';

/** Rows as documents of OpenSearch or Elasticsearch: an index a table and day, and the row's id as its `_id`. */
export class OpenSearchSink implements Sink {
  private readonly client: StoreClient;
  private readonly pacer: BulkPacer;
  /** By what they look like: each is made ready once, whoever opens it. */
  private readonly prepared = new Map<string, Promise<void>>();

  constructor(
    private readonly definition: StreamDefinition,
    private readonly settings: OpenSearchSettings,
    address: StoreAddress,
  ) {
    this.client = new StoreClient(address);
    this.pacer = new BulkPacer(settings.flush.bytes, settings.concurrency);
  }

  async prepare(): Promise<void> {
    const { status, body } = await this.client.request({ method: 'GET', path: '/' });
    const version = (body as { readonly version?: { readonly number?: unknown } } | null)?.version?.number;
    if (status >= 300 || typeof version !== 'string') {
      throw new SinkRefusedError(
        `${this.client.nodes} is neither OpenSearch nor Elasticsearch: it answers ${status} ${wordsOf(body)}`,
      );
    }
  }

  async open(_feed: Feed, _partition: number, tables: readonly FeedTable[]): Promise<SinkPartition> {
    const writers = tables.map((table): readonly [string, TableWriter] => {
      return [table.name, { table, keeper: this.keeper(table), json: new RowJson(withoutPlace(table), fieldName) }];
    });
    await Promise.all(writers.map(([, { table, keeper }]) => this.prepareOnce(table, keeper)));
    return new OpenSearchPartition(this.definition, this.settings, this.client, this.pacer, new Map(writers));
  }

  close(): Promise<void> {
    return this.client.close();
  }

  private keeper(table: FeedTable): IndexKeeper {
    const { prefix = keptName(this.definition), rollover, text, index } = this.settings;
    const mapping = mappingOf(table, { moneyExponent: this.definition.schema.money.exponent, text });
    return new IndexKeeper(this.client, table, new IndexNames(prefix, table, rollover), mapping, index);
  }

  private prepareOnce(table: FeedTable, keeper: IndexKeeper): Promise<void> {
    const key = JSON.stringify(table);
    const known = this.prepared.get(key);
    if (known !== undefined) return known;
    const preparing = keeper.prepare().catch((error: unknown) => {
      this.prepared.delete(key); // and is tried again by whoever opens it next
      throw error;
    });
    this.prepared.set(key, preparing);
    return preparing;
  }
}

/** Every document says where it stands, by the row's own place. */
function withoutPlace(table: FeedTable): FeedTable {
  return { ...table, columns: table.columns.filter(({ name }) => !['_partition', '_offset', '_index'].includes(name)) };
}
