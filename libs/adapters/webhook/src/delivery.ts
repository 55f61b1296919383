import { createHash } from 'node:crypto';
import type { FeedRow } from '@tillstream/contracts';

/** A row that waits, as it will be delivered. */
export interface WaitingRow {
  readonly json: string;
  /** Gives the row again, should it be refused. */
  readonly row: () => FeedRow;
}

/** Whose rows a delivery has. */
export interface DeliverySource {
  readonly stream: string;
  readonly sink: string;
  readonly feed: string;
  readonly partition: number;
}

/** Rows that are posted together. The same rows have the same id and the same bytes, whoever posts them and however often. */
export class Delivery {
  readonly id: string;
  readonly body: Uint8Array;

  constructor(
    readonly source: DeliverySource,
    readonly rows: readonly WaitingRow[],
  ) {
    const { stream, sink, feed, partition } = source;
    const list = rows.map(({ json }) => json).join(',');
    const whose = JSON.stringify({ stream, sink, feed, partition });
    this.id = createHash('sha256').update(whose).update(list).digest('hex').slice(0, 32);
    this.body = Buffer.from(`{"delivery":"${this.id}",${whose.slice(1, -1)},"rows":[${list}]}`);
  }

  halves(): readonly [Delivery, Delivery] {
    const middle = Math.ceil(this.rows.length / 2);
    return [new Delivery(this.source, this.rows.slice(0, middle)), new Delivery(this.source, this.rows.slice(middle))];
  }
}
