import { attributionRows, eventPosition } from '@tillstream/core';
import type {
  AttributedPurchase,
  AttributedView,
  AttributionDefinition,
  AttributionRow,
  RowPosition,
} from '@tillstream/core';
import { readJsonValue } from '../bytes/json-members';
import type { JsonMembers } from '../bytes/json-members';
import { RecordsWriter } from '../bytes/records-writer';
import { parseInteger } from '../headers';
import type { NewRecord } from '../record';
import type { Found } from '../sessions/found';
import { hashOf } from '../sessions/found';

/** A view and a purchase it led to, or a direct purchase, as its record tells it. */
export interface ToldAttribution {
  /** Of the declaration it was told under: `attribution@` and 8 hex digits. */
  readonly identity: string;
  readonly partition: number;
  readonly purchase: RowPosition;
  readonly user: string;
  /** Of the purchase. */
  readonly timeMs: number;
  /** Values of the fields of `on`, by name. */
  readonly on: Readonly<Record<string, string>>;
  readonly category: string | null;
  readonly device: string | null;
  /** Of the whole purchase, in minor units; NaN is null. */
  readonly revenue: number;
  /** Null: a direct purchase. */
  readonly view: AttributedView | null;
  /** From the newest view on: 1, 2, … */
  readonly touch: number;
  /** How many views are told of the purchase. */
  readonly views: number;
  /** There are more. */
  readonly truncated: boolean;
  readonly decidedBy: number;
}

/** A purchase to be told, and the settings under which it was found. */
export interface FoundPurchase extends Found<AttributedPurchase, AttributionDefinition> {
  readonly settings: Pick<AttributionDefinition, 'identity' | 'on'>;
}

/** About what the record of a pair takes, with its key. */
const RECORD_BYTES = 640;

/**
 * The records of purchases in the attributions topic: of each one for each view that led to it, newest first, or one that says that
 * it was direct. Keys:
 *
 *   partition|view offset|view index|purchase offset|purchase index
 *   partition|direct|purchase offset|purchase index
 *
 * A pair is one however often it is written, and whoever writes it writes the same bytes. The value is JSON: instants and amounts
 * as text, null for what is not known.
 */
export function encodePurchases(
  found: readonly FoundPurchase[],
  partition: number,
  moneyExponent: number,
): NewRecord[] {
  const count = found.reduce((sum, { told }) => sum + Math.max(1, told.views.length), 0);
  const json = new RecordsWriter(moneyExponent, RECORD_BYTES * count);
  for (const { told, settings } of found) {
    const labels = settings.on.map((name, i) => `${i === 0 ? '' : ','}${JSON.stringify(name)}:`);
    for (const row of attributionRows(told, partition)) writeRow(json, row, labels, hashOf(settings));
  }
  return json.finish();
}

function writeRow(
  json: RecordsWriter,
  { partition, purchase, view, touch }: AttributionRow,
  labels: readonly string[],
  definition: string,
): void {
  const { offset, index, views, timeMs } = purchase;
  json.key(`${partition}|${view === null ? 'direct' : `${view.offset}|${view.index}`}|${offset}|${index}`);
  writePurchase(json, purchase, partition, labels);
  if (view === null) json.ascii(',"direct":true');
  else writeView(json, view, touch, partition, timeMs);
  json.count(',"views":', views.length);
  json.flag(',"truncated":', purchase.truncated);
  json.text(',"definition":', definition);
  json.count(',"decided_by":', purchase.decidedBy);
  json.ascii('}');
}

function writePurchase(
  json: RecordsWriter,
  purchase: AttributedPurchase,
  partition: number,
  labels: readonly string[],
): void {
  json.text('{"user":', purchase.user);
  json.ascii(',"on":{');
  labels.forEach((label, i) => json.text(label, purchase.on[i] ?? null));
  json.text('},"category":', purchase.category);
  json.text(',"device":', purchase.device);
  json.text(',"purchase_id":', eventPosition(partition, purchase));
  json.instant(',"purchased":', purchase.timeMs);
  json.money(',"revenue":', purchase.revenue);
}

function writeView(json: RecordsWriter, view: AttributedView, touch: number, partition: number, timeMs: number): void {
  json.text(',"direct":false,"view_id":', eventPosition(partition, view));
  json.instant(',"viewed":', view.timeMs);
  json.count(',"time_to_purchase_ms":', timeMs - view.timeMs);
  json.count(',"touch":', touch);
  json.flag(',"last_touch":', touch === 1);
  json.double(',"share":', view.share);
  json.money(',"assisted_revenue":', view.revenue);
}

/** Reads a record of an attributions topic; null for tombstones and what is not understood. */
export function decodeAttribution({ value }: Pick<NewRecord, 'value'>, moneyExponent: number): ToldAttribution | null {
  return readJsonValue(value, moneyExponent, (json) => {
    const [partition, purchase] = positionFrom(json.text('purchase_id'));
    return {
      identity: `attribution@${json.text('definition')}`,
      partition,
      purchase,
      user: json.text('user'),
      timeMs: json.instant('purchased'),
      on: json.textsByName('on'),
      category: json.textOrNull('category'),
      device: json.textOrNull('device'),
      revenue: json.moneyOrNull('revenue') ?? NaN,
      view: json.flag('direct') ? null : viewFrom(json),
      touch: json.flag('direct') ? 1 : json.count('touch'),
      views: json.count('views'),
      truncated: json.flag('truncated'),
      decidedBy: json.count('decided_by'),
    };
  });
}

function viewFrom(json: JsonMembers): AttributedView {
  return {
    ...positionFrom(json.text('view_id'))[1],
    timeMs: json.instant('viewed'),
    share: json.number('share'),
    revenue: json.moneyOrNull('assisted_revenue') ?? NaN,
  };
}

/** What `eventPosition` has made. @throws RangeError for anything else */
function positionFrom(text: string): readonly [partition: number, position: RowPosition] {
  const [partition, offset, index, ...more] = text.split('|').map(parseInteger);
  if (partition == null || offset == null || index == null || more.length > 0) throw new RangeError('no position');
  return [partition, { offset, index }];
}
