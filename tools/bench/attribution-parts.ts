import type {
  AttributionDefinition,
  Column,
  DeltaSet,
  EventBatch,
  Expression,
  NamedBytes,
  StreamSchema,
} from '@tillstream/core';
import { AttributionBook, columnOf, fieldByName, numberAt, textAt } from '@tillstream/core';
import { table } from '../rig/table';
import { BATCH_ROWS, columnBatches, inRecords } from './column-batches';
import { best, cpuPerMillion } from './measure';
import type { PlainEvent } from './plain-join';
import { PlainJoin } from './plain-join';

const ROWS_PER_RECORD = 256;
const ROUNDS = 3;
const EVENTS_PER_SECOND = 500;
/** At a time; an event of each comes every 30 s. */
const VISITORS = EVENTS_PER_SECOND * 30;
/** No number of visitors is a multiple of it: they do not come in the order of their numbers. */
const STRIDE = 4_099;
const EVENTS_OF_VISIT = 20;
/** Products that a visit is about. */
const PRODUCTS_OF_VISIT = 3;
const PRODUCTS = 2_000;
const WITHIN_MS = 30 * 60_000;
const OUT_OF_ORDERNESS_MS = 10_000;
/** From here on as many views are dropped as come. */
const STEADY_FROM = (WITHIN_MS / 1000 + 120) * EVENTS_PER_SECOND;

const isType = (type: string): Expression => ({
  kind: 'compare',
  operator: '==',
  left: { kind: 'field', name: 'event_type', type: 'string' },
  right: { kind: 'literal', value: type, type: 'string' },
  type: 'bool',
});

/** The join of the shop. */
export const SHOP_ATTRIBUTION: AttributionDefinition = {
  identity: 'attribution@00000000',
  from: isType('page_view'),
  to: isType('purchase'),
  on: ['product_id'],
  withinMs: WITHIN_MS,
  outOfOrdernessMs: OUT_OF_ORDERNESS_MS,
  maxMatches: 100,
  category: 'category',
  device: 'device_type',
  revenue: 'revenue',
};

/** What joining views to purchases costs an event, beside a plain program on the same events, and what a view takes. */
export function measureAttribution(schema: StreamSchema, events: number, say: (text: string) => void): string[] {
  say('measuring attribution');
  const shape = { schema, eventsPerSecond: EVENTS_PER_SECOND, userOf: visitorOf };
  const batches = [...columnBatches(shape, STEADY_FROM + ROUNDS * events)].map((batch) =>
    inRecords(schema, ofVisits(schema, batch), ROWS_PER_RECORD),
  );
  const perRound = Math.floor(events / BATCH_ROWS);
  const warmUp = batches.length - ROUNDS * perRound;
  const told = measureBook(schema, batches, warmUp, perRound, false);
  const saved = measureBook(schema, batches, warmUp, perRound, true);
  const plain = measurePlain(schema, batches, warmUp, perRound);
  const cost = (value: number): string => `${value.toFixed(3)} (× ${(value / plain).toFixed(2)})`;
  return table(
    ['views of 30 minutes joined to purchases', 'CPU-s per million events', 'memory', 'checkpoint', 'restored'],
    [
      ['told when nothing can come between', cost(told.cost), `${told.memory.toFixed(1)} bytes a view`, '–', '–'],
      [
        `… and saved every ${BATCH_ROWS.toLocaleString('en')} events`,
        cost(saved.cost),
        `${saved.memory.toFixed(1)} bytes a view`,
        `${saved.written.toFixed(1)} bytes a view`,
        `${saved.views.toLocaleString('en')} views in ${saved.restoredSeconds.toFixed(2)} s`,
      ],
      ['a Map of arrays, event by event, from objects', plain.toFixed(3), '–', '–', '–'],
    ],
  );
}

interface BookCost {
  readonly cost: number;
  /** Views held at the end, and bytes of memory and of the checkpoint for each. */
  readonly views: number;
  readonly memory: number;
  readonly written: number;
  readonly restoredSeconds: number;
}

function measureBook(
  schema: StreamSchema,
  batches: readonly EventBatch[],
  warmUp: number,
  perRound: number,
  saves: boolean,
): BookCost {
  const book = new AttributionBook(schema, SHOP_ATTRIBUTION, -Infinity);
  const kept = new Map<string, NamedBytes[]>();
  let pairs = 0;
  const apply = (batch: EventBatch): void => {
    const { count, offsets, rowCounts, inputAfterMs } = batch.records;
    book.begin(batch);
    let row = 0;
    for (let record = 0; record < count; record++) {
      const offset = offsets[record] as number;
      book.add(row, (row += rowCounts[record] as number), offset);
      book.advance(inputAfterMs[record] as number, offset);
    }
    for (const { views } of book.takeDecided()) pairs += views.length;
    book.takeLate();
    if (saves) keep(kept, book.takeDeltas());
  };
  batches.slice(0, warmUp).forEach(apply);
  let from = warmUp;
  const cost = best(ROUNDS, () => {
    const round = batches.slice(from, (from += perRound));
    return cpuPerMillion(round.length * BATCH_ROWS, () => round.forEach(apply));
  });
  if (pairs === 0) throw new Error('no view has led to a purchase');
  const { views, viewBytes } = book.size();
  const pieces = [...kept.values()].flat();
  const written = pieces.reduce((sum, { slice, bytes }) => sum + (slice.includes('/views/') ? bytes.length : 0), 0);
  const startedMs = performance.now();
  const restored = new AttributionBook(schema, SHOP_ATTRIBUTION, -Infinity);
  restored.restore(pieces, batches.at(-1)?.after.watermarkInputMs ?? -Infinity);
  const restoredSeconds = (performance.now() - startedMs) / 1000;
  if (saves && restored.size().views !== views) throw new Error('not all views have come back');
  return { cost, views, memory: viewBytes / views, written: written / views, restoredSeconds };
}

/** As the store does. */
function keep(kept: Map<string, NamedBytes[]>, { deltas, rewrites, drops }: DeltaSet): void {
  for (const delta of deltas) {
    const list = kept.get(delta.slice);
    if (list) list.push(delta);
    else kept.set(delta.slice, [delta]);
  }
  for (const delta of rewrites) kept.set(delta.slice, [delta]);
  for (const slice of drops) kept.delete(slice);
}

/** Its events are objects already: what it takes to make them of bytes is not its cost. */
function measurePlain(schema: StreamSchema, batches: readonly EventBatch[], warmUp: number, perRound: number): number {
  const plain = new PlainJoin(WITHIN_MS, OUT_OF_ORDERNESS_MS);
  batches.slice(0, warmUp).forEach((batch) => plainEvents(schema, batch).forEach((event) => plain.add(event)));
  let from = warmUp;
  return best(ROUNDS, () => {
    const round = batches.slice(from, (from += perRound)).flatMap((batch) => plainEvents(schema, batch));
    return cpuPerMillion(round.length, () => round.forEach((event) => plain.add(event)));
  });
}

function plainEvents(schema: StreamSchema, batch: EventBatch): PlainEvent[] {
  const columnNamed = (name: string): Column => {
    const field = fieldByName(schema, name);
    const column = field && columnOf(batch, field);
    if (!column) throw new Error(`there is no ${name}`);
    return column;
  };
  const texts = (name: string): ((row: number) => string) => {
    const column = columnNamed(name);
    if (column.kind === 'number') throw new Error(`${name} is no text`);
    // As JSON.parse gives it: a string of its own, that is flat.
    return (row) => Buffer.from(textAt(column, row) ?? '').toString();
  };
  const numbers = (name: string): ((row: number) => number | null) => {
    const column = columnNamed(name);
    if (column.kind !== 'number') throw new Error(`${name} is no number`);
    return (row) => numberAt(column, row);
  };
  const [user, product, type] = [texts('user_id'), texts('product_id'), texts('event_type')];
  const [category, device] = [texts('category'), texts('device_type')];
  const [timeMs, revenue] = [numbers('timestamp'), numbers('revenue')];
  return Array.from({ length: batch.rows }, (_, row) => ({
    ...{ user: user(row), product: product(row), type: type(row), category: category(row), device: device(row) },
    ...{ timeMs: timeMs(row) ?? 0, revenue: revenue(row) },
  }));
}

/** Whose the nth event is: each visitor comes once, for a visit of twenty events. */
function visitorOf(event: number): number {
  const visitor = (event * STRIDE) % VISITORS;
  return Math.floor(event / (VISITORS * EVENTS_OF_VISIT)) * VISITORS + visitor;
}

/** The batch, with the products that its visitors look at: what they buy they have mostly seen. */
function ofVisits(schema: StreamSchema, batch: EventBatch): EventBatch {
  const field = fieldByName(schema, 'product_id');
  if (!field) throw new Error('there are no products');
  const values = Array.from({ length: batch.rows }, (_, row) => {
    const event = batch.rawFrom + row;
    return `prod_${(visitorOf(event) * 7 + (Math.floor(event / VISITORS) % PRODUCTS_OF_VISIT)) % PRODUCTS}`;
  });
  const bytes = new TextEncoder().encode(values.join(''));
  const offsets = new Uint32Array(values.length + 1);
  values.forEach((value, i) => (offsets[i + 1] = (offsets[i] as number) + value.length));
  const products: Column = { kind: 'text', bytes, offsets, nulls: null };
  return { ...batch, columns: new Map([...batch.columns, [field.number, products]]) };
}
