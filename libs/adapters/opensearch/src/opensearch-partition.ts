import { EventJson, eventRow, isoInstant } from '@tillstream/contracts';
import type { FeedRow, FeedTable, RowJson, StreamDefinition } from '@tillstream/contracts';
import { eventPosition } from '@tillstream/core';
import type { EventBatch } from '@tillstream/core';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { FeedPortion, FlushBounds, KeepRefused, PendingRows, RefusedRow, SinkPartition } from '@tillstream/engine';
import type { Fate } from './bulk-answer';
import { fatesIn } from './bulk-answer';
import type { BulkPacer } from './bulk-pacer';
import { documentId } from './document-id';
import { documentHead } from './document-lines';
import type { IndexKeeper } from './index-keeper';
import { fieldName } from './mapping';
import { PendingDocuments } from './pending-documents';
import type { OpenSearchSettings } from './settings';
import type { StoreClient } from './store-client';
import { wordsOf } from './store-client';

const PAYLOAD_TOO_LARGE = 413;
/** A path may have 4 KiB. */
const INDEXES_IN_A_PATH = 15;
const APPEND_TIME = fieldName({ name: '_append_time' });

/** What a table's rows need to become documents. */
export interface TableWriter {
  readonly table: FeedTable;
  readonly keeper: IndexKeeper;
  readonly json: RowJson;
}

/** One feed's partition: rows become lines of bulk requests as they are added, and stay until the store has each of them. */
export class OpenSearchPartition implements SinkPartition {
  /** The store knows no positions, and rows stored twice are one. */
  readonly next = null;
  private readonly documents = new PendingDocuments();
  private refused: RefusedRow[] = [];
  private readonly events: EventJson | null;

  constructor(
    private readonly definition: StreamDefinition,
    private readonly settings: OpenSearchSettings,
    private readonly client: StoreClient,
    private readonly pacer: BulkPacer,
    private readonly writers: ReadonlyMap<string, TableWriter>,
  ) {
    const events = writers.get('events');
    this.events = events === undefined ? null : new EventJson(definition.schema, events.table, fieldName);
  }

  get bounds(): FlushBounds {
    const { rows, every, bytes } = this.settings.flush;
    return { rows, bytes: Math.min(bytes, this.pacer.bytes), ageMs: every };
  }

  get pending(): PendingRows {
    return { rows: this.documents.count, bytes: this.documents.bytes };
  }

  async add({ rows }: FeedPortion): Promise<void> {
    if (rows.kind === 'columns') this.addEvents(rows.table, rows.batch, rows.selected);
    else for (const row of rows.rows) this.addRow(row);
  }

  async flush(keep: KeepRefused): Promise<void> {
    if (this.documents.count > 0) await this.send();
    if (this.refused.length === 0) return;
    await keep(this.refused);
    this.refused = [];
  }

  async close(): Promise<void> {
    this.documents.clear();
    this.refused = [];
  }

  private addEvents(table: FeedTable, batch: EventBatch, selected: Uint32Array): void {
    const { schema } = this.definition;
    const { names } = this.writer(table.name).keeper;
    const { partition } = batch;
    const again = (row: number): FeedRow => eventRow(schema, table, batch, row);
    const hasAppendTime = table.columns.some(({ name }) => name === '_append_time');
    let appendMs = NaN;
    let appended = '';
    this.events?.each(batch, selected, (members, row, place) => {
      const index = names.of(place.timeMs);
      const head = documentHead(index, eventPosition(partition, place), 0, place.timeMs, { partition, ...place });
      if (hasAppendTime && place.appendMs !== appendMs) {
        appendMs = place.appendMs;
        appended = `,"${APPEND_TIME}":"${isoInstant(appendMs)}"`;
      }
      this.documents.add(`${head}${appended}${members === '' ? '' : `,${members}`}}\n`, index, again, row);
    });
  }

  private addRow(row: FeedRow): void {
    const { keeper, json } = this.writer(row.table);
    const index = keeper.names.of(row.timeMs);
    const members = json.members(row);
    const head = documentHead(index, documentId(row.id), row.version, row.timeMs, row);
    this.documents.add(`${head}${members === '' ? '' : `,${members}`}}\n`, index, () => row, 0);
  }

  private writer(table: string): TableWriter {
    const writer = this.writers.get(table);
    if (writer === undefined) throw new Error(`this partition was opened without the table ${table}`);
    return writer;
  }

  /**
   * Stores what waits, in requests as large as the store likes them. Whatever happens to one of them, the fate of every row that
   * an answer tells is remembered.
   */
  private async send(): Promise<void> {
    const { documents, pacer } = this;
    const waits = new Uint8Array(documents.count).fill(1);
    const refusals = new Map<number, string>();
    const there: number[] = [];
    const failures: Error[] = [];
    const requests: Promise<void>[] = [];
    for (let from = 0; from < documents.count;) {
      const end = documents.endOfRequest(from, pacer.bytes, this.settings.flush.rows);
      const begin = from;
      requests.push(
        this.request(begin, end, (at, fate) => {
          if (fate.kind !== 'later' && fate.kind !== 'blocked') waits[at] = 0;
          if (fate.kind === 'refused') refusals.set(at, fate.reason);
          if (fate.kind === 'there') there.push(at);
        }).catch((failure: unknown) => void failures.push(failure as Error)),
      );
      from = end;
    }
    await Promise.all(requests);
    await this.makeSafe(there).catch((failure: unknown) => {
      for (const at of there) waits[at] = 1;
      failures.push(failure as Error);
    });
    await this.settle(waits, refusals, failures);
  }

  /**
   * Has the store write to its disk what it has already. It does so before it says that it has stored a document, but not before it
   * says that one is there: whoever wrote that one may still wait for its answer, and a store that is killed then has lost it.
   */
  private async makeSafe(there: readonly number[]): Promise<void> {
    const { client, documents } = this;
    const indexes = [...new Set(there.map((at) => documents.indexOf(at)))];
    for (let from = 0; from < indexes.length; from += INDEXES_IN_A_PATH) {
      const path = `/${indexes.slice(from, from + INDEXES_IN_A_PATH).join(',')}/_flush`;
      const { status, body } = await client.request({ method: 'POST', path, query: { wait_if_ongoing: 'true' } });
      const { _shards: shards } = (body ?? {}) as { readonly _shards?: { readonly failed?: unknown } };
      if (status < 300 && !Number(shards?.failed)) continue;
      throw new SinkUnavailableError(`${client.nodes} does not write what it has to its disk: ${wordsOf(body)}`);
    }
  }

  private async settle(waits: Uint8Array, refusals: Map<number, string>, failures: readonly Error[]): Promise<void> {
    const { documents } = this;
    if (refusals.size > 0) {
      try {
        await this.checkIndexesOf(refusals.keys());
      } catch (failure) {
        // Their index is wrong, not they.
        for (const at of refusals.keys()) waits[at] = 1;
        documents.keepOnly(waits);
        throw failure;
      }
      for (const [at, reason] of refusals) this.refused.push({ row: documents.rowOf(at), reason });
    }
    documents.keepOnly(waits);
    const failure = failures.find((one) => one instanceof SinkRefusedError) ?? failures[0];
    if (failure !== undefined) throw failure;
  }

  private async checkIndexesOf(refused: Iterable<number>): Promise<void> {
    const indexes = new Set(Array.from(refused, (at) => this.documents.indexOf(at)));
    for (const { keeper } of this.writers.values()) {
      for (const index of indexes) if (keeper.names.isOne(index)) await keeper.checkIndexes(index);
    }
  }

  /** @throws when not all rows of the request are settled */
  private async request(from: number, end: number, tell: (at: number, fate: Fate) => void): Promise<void> {
    const { pacer, client, documents } = this;
    const query = { filter_path: 'took,items.*.status,items.*.error' };
    const lines = documents.linesOf(from, end);
    const { status, body } = await pacer
      .run(() => client.request({ method: 'POST', path: '/_bulk', query, lines }))
      .catch((failure: unknown) => {
        if (failure instanceof SinkUnavailableError) pacer.tooMuch();
        throw failure;
      });
    if (status === PAYLOAD_TOO_LARGE) return this.sendInHalves(from, end, `${status}: ${wordsOf(body)}`, tell);
    if (status >= 300) throw new SinkRefusedError(`${client.nodes} refuses bulk requests: ${wordsOf(body)}`);
    const fates = fatesIn(body, end - from);
    if (fates === null)
      throw new SinkUnavailableError(`${client.nodes} gives no answer to a bulk request that tells anything`);
    fates.forEach((fate, i) => tell(from + i, fate));
    const { took } = body as { readonly took?: unknown };
    pacer.took(typeof took === 'number' ? took : 0);
    this.throwUnlessSettled(fates);
  }

  private throwUnlessSettled(fates: readonly Fate[]): void {
    const blocked = fates.find(({ kind }) => kind === 'blocked');
    if (blocked?.kind === 'blocked')
      throw new SinkRefusedError(`${this.client.nodes} takes no rows: ${blocked.reason}`);
    const later = fates.find(({ kind }) => kind === 'later');
    if (later?.kind !== 'later') return;
    if (later.tooMuch) this.pacer.tooMuch();
    throw new SinkUnavailableError(`${this.client.nodes} does not take rows now: ${later.reason}`);
  }

  private async sendInHalves(
    from: number,
    end: number,
    words: string,
    tell: (at: number, fate: Fate) => void,
  ): Promise<void> {
    if (end - from === 1) return tell(from, { kind: 'refused', reason: words });
    this.pacer.tooMuch();
    const middle = from + Math.ceil((end - from) / 2);
    await this.request(from, middle, tell);
    await this.request(middle, end, tell);
  }
}
