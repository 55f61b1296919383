import {
  toDuration,
  toTimestamp,
  type AttributedViewMessage,
  type AttributionMessage,
  type StreamDefinition,
  type ToldAttribution,
} from '@tillstream/contracts';
import { formatMoney } from '@tillstream/core';
import type { FollowerOptions, LogFollower } from '../results/log-follower';
import { OlderRows } from '../history/older-rows';
import type { Histories } from '../history/window-history';
import { RowView } from '../view/row-view';
import { AttributionRows, keyOfUser, keyOfValue, type AttributionRow, type OnValue } from './attribution-rows';
import { followRows } from './follow-rows';

/** The purchases of a stream, with the views that led to them. */
export class FollowedAttributions {
  readonly view: RowView<AttributionRow>;
  readonly follower: LogFollower;
  /** The fields that views and purchases agree in. */
  readonly on: readonly string[];
  private readonly records: AttributionRows;

  constructor(
    private readonly definition: StreamDefinition,
    options: FollowerOptions & { readonly mostRows: number },
  ) {
    const { schema, attribution, topics, retention } = definition;
    this.on = attribution?.on ?? [];
    this.records = new AttributionRows(schema.money.exponent);
    this.view = new RowView(schema.partitions, options.mostRows, (partition, record) =>
      this.records.read(partition, record),
    );
    this.follower = followRows(
      definition,
      { topic: topics.attributions, retentionMs: retention.attributionsMs, view: this.view },
      options,
    );
  }

  get stream(): string {
    return this.definition.schema.stream;
  }

  /** Purchases of this time and later are all there; null: nothing is known to be missing. */
  get completeFromMs(): number | null {
    return this.view.rows.completeFromMs;
  }

  /** Newest first, those among which all are that have a user (empty: any) and values. */
  rowsOf(user: string, on: readonly OnValue[]): readonly AttributionRow[] {
    const [key] = keysOf(user, on);
    const { rows } = this.view;
    return key === undefined ? rows.newestFirst() : rows.withKey(key);
  }

  /** Whether a row is of a user (empty: any) and has all of the values. */
  isOf(user: string, on: readonly OnValue[]): (row: AttributionRow) => boolean {
    const wanted = keysOf(user, on);
    return ({ keys }) => wanted.every((key) => keys.includes(key));
  }

  /** What is stored of purchases for longer than they are held here, as of now. */
  older(histories: Histories): OlderRows<AttributionRow> {
    return new OlderRows({
      ...{ what: 'purchases', feed: 'attributions', stream: this.stream, view: this.view, histories },
      read: (partition, record) => this.records.read(partition, record),
    });
  }

  /** @param rows all of a purchase, by their touches */
  readonly toMessage = (rows: readonly AttributionRow[]): AttributionMessage => {
    const all = rows.map((row) => this.records.toldOf(row));
    const told = all[0]!;
    const { partition, purchase, user, timeMs, on, category, device, revenue, truncated } = told;
    return {
      ...{ purchase: { partition, offset: String(purchase.offset), index: purchase.index } },
      ...{ user, time: toTimestamp(timeMs), on, category: category ?? '', device: device ?? '' },
      ...{ revenue: this.amount(revenue), views: all.flatMap((one) => this.toView(one)), truncated },
    };
  };

  private toView({ partition, timeMs, view, touch }: ToldAttribution): AttributedViewMessage[] {
    if (view === null) return [];
    return [
      {
        position: { partition, offset: String(view.offset), index: view.index },
        ...{ time: toTimestamp(view.timeMs), timeToPurchase: toDuration(timeMs - view.timeMs) },
        ...{ lastTouch: touch === 1, share: view.share, revenue: this.amount(view.revenue) },
      },
    ];
  }

  private amount(minorUnits: number): string {
    return Number.isNaN(minorUnits) ? '' : formatMoney(minorUnits, this.definition.schema.money.exponent);
  }
}

function keysOf(user: string, on: readonly OnValue[]): string[] {
  return [...(user === '' ? [] : [keyOfUser(user)]), ...on.map(keyOfValue)];
}
