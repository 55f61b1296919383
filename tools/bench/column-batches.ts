import type { BatchPosition, Column, EventBatch, StreamSchema } from '@tillstream/core';
import { emptyPosition } from '@tillstream/core';

export const BATCH_ROWS = 8_192;
export const USERS = 100_000;
const DISORDER_MS = 5_000;
const START_MS = 1_700_000_000_000;
const TYPES = ['page_view', 'add_to_cart', 'purchase', 'search', 'remove_from_cart', 'wishlist'];
const COUNTRIES = ['US', 'DE', 'GB', 'FR', 'BR', 'IN', 'JP', 'CA'];
const DEVICES = ['mobile', 'desktop', 'tablet'];
const PAYMENTS = ['card', 'paypal', 'invoice'];
const CATEGORIES = ['electronics.smartphone', 'appliances.kitchen.washer', 'computers.notebook', 'apparel.shoes'];
const utf8 = new TextEncoder();

/** Which events of the shop are made. */
export interface EventShape {
  readonly schema: StreamSchema;
  readonly eventsPerSecond: number;
  /** By number of the event; default: one of 100,000, evenly. */
  readonly userOf?: (event: number) => number;
  /** The client's own id of its session; default: clients have none. */
  readonly sessionOf?: (event: number) => string;
}

let seed = 1;
function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function texts(values: readonly string[]) {
  const bytes = utf8.encode(values.join(''));
  const offsets = new Uint32Array(values.length + 1);
  values.forEach((value, i) => (offsets[i + 1] = (offsets[i] as number) + value.length));
  return { bytes, offsets };
}

/** 62 % views, 8 % carts, 3 % purchases. */
function anEventType(): number {
  const share = random(100);
  return share < 62 ? 0 : share < 70 ? 1 : share < 73 ? 2 : 3 + random(3);
}

/** Rows from columns, in batches of one record, as the enricher gives them. Always the same ones. */
export function* columnBatches(shape: EventShape, rows: number): Generator<EventBatch, void, void> {
  seed = 1;
  let position = emptyPosition();
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const batch = aBatch(shape, from, position);
    yield batch;
    position = batch.after;
  }
}

function aBatch(
  { schema, eventsPerSecond, userOf, sessionOf }: EventShape,
  from: number,
  before: BatchPosition,
): EventBatch {
  const rows = BATCH_ROWS;
  const numberOf = numbersOf(schema);
  const user = userOf ?? (() => random(USERS));
  const kinds = Int32Array.from({ length: rows }, anEventType);
  const times = Float64Array.from({ length: rows }, (_, i) => {
    return START_MS + Math.floor(((from + i) * 1000) / eventsPerSecond) - random(DISORDER_MS);
  });
  const revenue = Float64Array.from(kinds, (kind) => (kind === 2 ? random(20_000) : NaN));
  const dictionary = (indices: Int32Array, entries: readonly string[]): Column => {
    return { kind: 'dictionary', indices, ...texts(entries) };
  };
  const price = Float64Array.from(kinds, () => 100 + random(20_000));
  const hours = times.map((time) => Math.floor(time / 3_600_000) % 24);
  const anyOf = (entries: readonly string[]) =>
    dictionary(
      Int32Array.from(kinds, () => random(entries.length)),
      entries,
    );
  const clientSessions = (textOf: (row: number) => string): [number, Column] => {
    return [numberOf('session_id'), { kind: 'text', ...texts(Array.from(kinds, (_, i) => textOf(i))), nulls: null }];
  };
  const input = times.reduce((newest, time) => Math.max(newest, time), before.watermarkInputMs);
  return {
    stream: schema.stream,
    partition: 0,
    rawFrom: from,
    rawNext: from + rows,
    before,
    after: { ...before, watermarkInputMs: input, maxEventTimeMs: input },
    records: {
      count: 1,
      offsets: Float64Array.of(from),
      rowCounts: Uint32Array.of(rows),
      appendMs: Float64Array.of(input),
      inputAfterMs: Float64Array.of(input),
    },
    controls: [],
    rows,
    rowIndexes: new Uint32Array(rows),
    columns: new Map<number, Column>([
      [numberOf('event_type'), dictionary(kinds, TYPES)],
      [numberOf('timestamp'), { kind: 'number', values: times }],
      [
        numberOf('user_id'),
        { kind: 'text', ...texts(Array.from(kinds, (_, i) => `user_${user(from + i)}`)), nulls: null },
      ],
      [
        numberOf('product_name'),
        { kind: 'text', ...texts(Array.from(kinds, () => `Product name ${random(2000)}`)), nulls: null },
      ],
      [
        numberOf('product_id'),
        { kind: 'text', ...texts(Array.from(kinds, () => `prod_${random(2000)}`)), nulls: null },
      ],
      ...(sessionOf ? [clientSessions((i) => sessionOf(from + i))] : []),
      [numberOf('category'), anyOf(CATEGORIES)],
      [numberOf('country'), anyOf(COUNTRIES)],
      [numberOf('device_type'), anyOf(DEVICES)],
      [numberOf('payment_method'), anyOf(PAYMENTS)],
      [numberOf('price'), { kind: 'number', values: price }],
      [numberOf('hour_of_day'), { kind: 'number', values: hours }],
      [numberOf('revenue'), { kind: 'number', values: revenue }],
    ]),
    ids: new Uint8Array(0),
    validCounts: new Uint32Array(0),
    idCounts: new Uint32Array(0),
    batchIds: new Uint8Array(0),
    batchIdRecords: new Uint32Array(0),
  };
}

/** The same rows in smaller records. */
export function inRecords(schema: StreamSchema, batch: EventBatch, rowsPerRecord: number): EventBatch {
  const times = batch.columns.get(numbersOf(schema)('timestamp'));
  if (times?.kind !== 'number') throw new Error('there are no times');
  const count = BATCH_ROWS / rowsPerRecord;
  const rowCounts = new Uint32Array(count).fill(rowsPerRecord);
  let input = batch.before.watermarkInputMs;
  const inputAfterMs = Float64Array.from(rowCounts, (_, record) => {
    for (const time of times.values.subarray(record * rowsPerRecord, (record + 1) * rowsPerRecord)) {
      input = Math.max(input, time);
    }
    return input;
  });
  const offsets = Float64Array.from(rowCounts, (_, record) => batch.rawFrom + record * rowsPerRecord);
  return { ...batch, records: { count, offsets, rowCounts, appendMs: inputAfterMs, inputAfterMs } };
}

function numbersOf({ fields }: StreamSchema): (name: string) => number {
  return (name) => fields.find((field) => field.name === name)?.number ?? 0;
}
