import { EventJson, RowJson, eventRow, isoInstant } from '@tillstream/contracts';
import type { FeedRow, FeedTable, StreamDefinition } from '@tillstream/contracts';
import { eventPosition } from '@tillstream/core';
import type { EventBatch } from '@tillstream/core';
import type { FeedPortion, FlushBounds, KeepRefused, PendingRows, RefusedRow, SinkPartition } from '@tillstream/engine';
import { Delivery } from './delivery';
import type { DeliverySource, WaitingRow } from './delivery';
import type { Receiver } from './receiver';
import type { WebhookSettings } from './settings';

/** One feed's partition: its rows are delivered in order, one delivery at a time, each until it is taken. */
export class WebhookPartition implements SinkPartition {
  readonly next = null;
  private waiting: WaitingRow[] = [];
  private waitingBytes = 0;
  /** Cut already: what is posted again is the same. */
  private deliveries: Delivery[] = [];
  private refused: RefusedRow[] = [];
  private readonly json: ReadonlyMap<string, RowJson>;
  private readonly events: EventJson | null;

  constructor(
    private readonly definition: StreamDefinition,
    private readonly settings: WebhookSettings,
    private readonly receiver: Receiver,
    private readonly source: DeliverySource,
    tables: readonly FeedTable[],
  ) {
    this.json = new Map(tables.map((table) => [table.name, new RowJson(table)]));
    const events = tables.find(({ feed }) => feed === 'events');
    this.events = events === undefined ? null : new EventJson(definition.schema, events);
  }

  get bounds(): FlushBounds {
    const { rows, bytes, every } = this.settings.flush;
    return { rows, bytes, ageMs: every };
  }

  get pending(): PendingRows {
    const cut = this.deliveries.reduce((sum, { body }) => sum + body.length, 0);
    const rows = this.deliveries.reduce((sum, delivery) => sum + delivery.rows.length, 0);
    return { rows: rows + this.waiting.length, bytes: cut + this.waitingBytes };
  }

  async add({ rows }: FeedPortion): Promise<void> {
    if (rows.kind === 'columns') this.addEvents(rows.table, rows.batch, rows.selected);
    else for (const row of rows.rows) this.addRow(row);
  }

  async flush(keep: KeepRefused): Promise<void> {
    this.cut();
    for (let delivery = this.deliveries[0]; delivery !== undefined; delivery = this.deliveries[0]) {
      await this.deliver(delivery);
    }
    if (this.refused.length === 0) return;
    await keep(this.refused);
    this.refused = [];
  }

  async close(): Promise<void> {
    this.waiting = [];
    this.waitingBytes = 0;
    this.deliveries = [];
    this.refused = [];
  }

  private addEvents(table: FeedTable, batch: EventBatch, selected: Uint32Array): void {
    const { schema } = this.definition;
    const hasAppendTime = table.columns.some(({ name }) => name === '_append_time');
    this.events?.each(batch, selected, (members, row, place) => {
      const appended = hasAppendTime
        ? `"_append_time":"${isoInstant(place.appendMs)}"${members === '' ? '' : ','}`
        : '';
      const id = eventPosition(batch.partition, place);
      this.push(rowJson({ table: table.name, id, version: 0, ...place }, `${appended}${members}`), () =>
        eventRow(schema, table, batch, row),
      );
    });
  }

  private addRow(row: FeedRow): void {
    const json = this.json.get(row.table);
    if (json === undefined) throw new Error(`this partition was opened without the table ${row.table}`);
    this.push(rowJson(row, json.members(row)), () => row);
  }

  private push(json: string, row: () => FeedRow): void {
    this.waiting.push({ json, row });
    this.waitingBytes += json.length;
  }

  private cut(): void {
    const { rows, bytes } = this.settings.flush;
    let portion: WaitingRow[] = [];
    let size = 0;
    for (const row of this.waiting) {
      if (portion.length > 0 && (portion.length >= rows || size + row.json.length > bytes)) {
        this.deliveries.push(new Delivery(this.source, portion));
        portion = [];
        size = 0;
      }
      portion.push(row);
      size += row.json.length;
    }
    if (portion.length > 0) this.deliveries.push(new Delivery(this.source, portion));
    this.waiting = [];
    this.waitingBytes = 0;
  }

  /** Posts the first delivery. What the receiver does not want for what is in it is halved until the row is found. */
  private async deliver(delivery: Delivery): Promise<void> {
    const answer = await this.receiver.post(delivery);
    if (answer.kind === 'unprocessable' && delivery.rows.length > 1) {
      this.deliveries.splice(0, 1, ...delivery.halves());
      return;
    }
    this.deliveries.shift();
    for (const { row } of answer.kind === 'unprocessable' || answer.refused.size > 0 ? delivery.rows : []) {
      const made = row();
      const reason = answer.kind === 'unprocessable' ? answer.reason : answer.refused.get(made.id);
      if (reason !== undefined) this.refused.push({ row: made, reason });
    }
  }
}

function rowJson(
  {
    table,
    id,
    version,
    timeMs,
    offset,
    index,
  }: Pick<FeedRow, 'table' | 'id' | 'version' | 'timeMs' | 'offset' | 'index'>,
  members: string,
): string {
  return (
    `{"table":"${table}","id":${JSON.stringify(id)},"version":${version},"time":"${isoInstant(timeMs)}",` +
    `"offset":${offset},"index":${index},"values":{${members}}}`
  );
}
