import type { RowField } from '../batch/row-fields';
import type { AttributedPurchase, AttributedView, RowPosition } from './attribution';

/** A purchase with one of the views that led to it, or without any. */
export interface AttributionRow {
  readonly partition: number;
  readonly purchase: AttributedPurchase;
  /** Null: a direct purchase. */
  readonly view: AttributedView | null;
  /** From the newest view on: 1, 2, … */
  readonly touch: number;
}

/** A row for each view that is told, newest first; one for a direct purchase. */
export function attributionRows(purchase: AttributedPurchase, partition: number): readonly AttributionRow[] {
  const { views } = purchase;
  if (views.length === 0) return [{ partition, purchase, view: null, touch: 1 }];
  return views.map((view, i) => ({ partition, purchase, view, touch: i + 1 }));
}

/** An event's id among all of its stream: `partition|offset|index` in the raw topic. */
export function eventPosition(partition: number, { offset, index }: RowPosition): string {
  return `${partition}|${offset}|${index}`;
}

const FIELDS: readonly RowField<AttributionRow>[] = [
  { name: 'purchase_id', type: 'string', value: ({ partition, purchase }) => eventPosition(partition, purchase) },
  {
    name: 'view_id',
    type: 'string',
    optional: true,
    value: ({ partition, view }) => (view === null ? null : eventPosition(partition, view)),
  },
  { name: 'user', type: 'string', value: ({ purchase }) => purchase.user },
  { name: 'category', type: 'string', optional: true, dictionary: true, value: ({ purchase }) => purchase.category },
  { name: 'device', type: 'string', optional: true, dictionary: true, value: ({ purchase }) => purchase.device },
  { name: 'purchased', type: 'timestamp', value: ({ purchase }) => purchase.timeMs },
  { name: 'viewed', type: 'timestamp', optional: true, value: ({ view }) => view && view.timeMs },
  {
    name: 'time_to_purchase_ms',
    type: 'int',
    optional: true,
    value: ({ purchase, view }) => view && purchase.timeMs - view.timeMs,
  },
  // Of the whole purchase: add up the rows with `first_of_purchase` only.
  { name: 'revenue', type: 'money', optional: true, value: ({ purchase }) => purchase.revenue },
  { name: 'assisted_revenue', type: 'money', optional: true, value: ({ view }) => view && view.revenue },
  { name: 'share', type: 'double', optional: true, value: ({ view }) => view && view.share },
  { name: 'touch', type: 'int', optional: true, value: ({ view, touch }) => view && touch },
  { name: 'last_touch', type: 'bool', value: ({ view, touch }) => view !== null && touch === 1 },
  { name: 'direct', type: 'bool', value: ({ view }) => view === null },
  { name: 'first_of_purchase', type: 'bool', value: ({ touch }) => touch === 1 },
  { name: 'views', type: 'int', value: ({ purchase }) => purchase.views.length },
  { name: 'truncated', type: 'bool', value: ({ purchase }) => purchase.truncated },
];

/** Names that mean something in every row: a field of `on` that is called so must mean the same. */
export const ATTRIBUTION_NAMES: ReadonlySet<string> = new Set(FIELDS.map(({ name }) => name));

/**
 * What a row of an attribution says: the fields of the stream that metrics over attributions are computed over, those of `on`
 * last and under their own names. New ones of all streams would be added behind those: their numbers are in the log.
 */
export function attributionFields(on: readonly string[]): readonly RowField<AttributionRow>[] {
  const own = on.flatMap((name, i): RowField<AttributionRow>[] =>
    ATTRIBUTION_NAMES.has(name)
      ? []
      : [{ name, type: 'string', dictionary: true, value: ({ purchase }) => purchase.on[i] ?? null }],
  );
  return [...FIELDS, ...own];
}
