import type { EventBatch, FieldPut, StreamSchema } from '@tillstream/core';
import { SessionBook, columnOf, fieldByName, isNullAt, numberAt, textAt } from '@tillstream/core';
import { table } from '../rig/table';
import { BATCH_ROWS, columnBatches, inRecords } from './column-batches';
import { best, cpuPerMillion, heldBytes } from './measure';
import type { PlainVisitEvent } from './plain-visits';
import { PlainVisits } from './plain-visits';
import { SHOP_SESSIONS, ShopVisits, clientSessionOf } from './shop-visits';

const ROWS_PER_RECORD = 256;
const ROUNDS = 3;
/** At a time. */
const MOST_VISITORS = 7_500;
/** With few events there are few visitors: until sessions are over as many times as many events go by. */
const VISITORS_PER_EVENT = 0.075;
const MOST_OPEN = 1_000_000;
/** Of each session that is restored. */
const EVENTS_EACH = 3;

/** What sessions cost an event, beside a plain program on the same events, and how soon open ones are back. */
export function measureSessions(schema: StreamSchema, events: number, say: (text: string) => void): string[] {
  say('measuring sessions');
  const visits = new ShopVisits(Math.min(MOST_VISITORS, Math.ceil(events * VISITORS_PER_EVENT)));
  const { eventsPerSecond, steadyFrom } = visits;
  const userOf = (event: number): number => visits.userOf(event);
  const shape = { schema, eventsPerSecond, userOf, sessionOf: (event: number) => clientSessionOf(userOf(event)) };
  const batches = [...columnBatches(shape, steadyFrom + ROUNDS * events)].map((batch) =>
    inRecords(schema, batch, ROWS_PER_RECORD),
  );
  const perRound = Math.floor(events / BATCH_ROWS);
  const warmUp = batches.length - ROUNDS * perRound;
  const measure = (apply: (batch: EventBatch) => void): number => {
    let from = 0;
    for (; from < warmUp; from++) apply(batches[from] as EventBatch);
    return best(ROUNDS, () => {
      const round = batches.slice(from, (from += perRound));
      return cpuPerMillion(round.length * BATCH_ROWS, () => round.forEach(apply));
    });
  };
  let saved = 0;
  const sessions = measureBook(schema, measure, () => undefined);
  const saving = measureBook(schema, measure, (book, next) => {
    for (const { bytes } of book.takeChanges(next).puts) saved += bytes.length;
  });
  const plain = measurePlain(schema, batches, warmUp, perRound);
  const cost = (value: number): string => `${value.toFixed(3)} (× ${(value / plain).toFixed(2)})`;
  return [
    ...table(
      ['sessions, 8 events each', 'CPU-s per million events', 'bytes saved an event'],
      [
        ['told when they are over', cost(sessions), '–'],
        [
          `… and saved every ${BATCH_ROWS.toLocaleString('en')} events`,
          cost(saving),
          String(Math.round(saved / (batches.length * BATCH_ROWS))),
        ],
        ['a Map of objects, event by event, from objects', plain.toFixed(3), '–'],
      ],
    ),
    '',
    ...measureOpen(schema, Math.min(MOST_OPEN, 5 * events), say),
  ];
}

type Measure = (apply: (batch: EventBatch) => void) => number;

function measureBook(schema: StreamSchema, measure: Measure, save: (book: SessionBook, next: number) => void): number {
  const book = new SessionBook(schema, SHOP_SESSIONS, -Infinity);
  return measure((batch) => {
    applyBatch(book, batch);
    book.takeClosed();
    book.takeLate();
    save(book, batch.rawNext);
  });
}

function applyBatch(book: SessionBook, batch: EventBatch): void {
  book.begin(batch);
  const { count, offsets, rowCounts, inputAfterMs } = batch.records;
  let row = 0;
  for (let record = 0; record < count; record++) {
    const offset = offsets[record] as number;
    book.add(row, (row += rowCounts[record] as number), offset);
    book.advance(inputAfterMs[record] as number, offset);
  }
}

/** Its events are objects already: what it takes to make them of bytes is not its cost. */
function measurePlain(schema: StreamSchema, batches: readonly EventBatch[], warmUp: number, perRound: number): number {
  const plain = new PlainVisits(SHOP_SESSIONS.gapMs, SHOP_SESSIONS.outOfOrdernessMs);
  batches.slice(0, warmUp).forEach((batch) => plainEvents(schema, batch).forEach((event) => plain.add(event)));
  let from = warmUp;
  return best(ROUNDS, () => {
    const round = batches.slice(from, (from += perRound)).flatMap((batch) => plainEvents(schema, batch));
    return cpuPerMillion(round.length, () => round.forEach((event) => plain.add(event)));
  });
}

function plainEvents(schema: StreamSchema, batch: EventBatch): PlainVisitEvent[] {
  const columnNamed = (name: string) => {
    const field = fieldByName(schema, name);
    return field && columnOf(batch, field);
  };
  const text = (name: string): ((row: number) => string) => {
    const column = columnNamed(name);
    if (!column || column.kind === 'number') throw new Error(`${name} is no text`);
    // As JSON.parse gives it: a string of its own, that is flat.
    return (row) => Buffer.from(textAt(column, row) ?? '').toString();
  };
  const number = (name: string): ((row: number) => number | null) => {
    const column = columnNamed(name);
    if (column?.kind !== 'number') throw new Error(`${name} is no number`);
    return (row) => (isNullAt(column, row) ? null : numberAt(column, row));
  };
  const [user, type, product, category] = ['user_id', 'event_type', 'product_id', 'category'].map(text);
  const [device, country, session] = ['device_type', 'country', 'session_id'].map(text);
  const [timeMs, price, revenue] = ['timestamp', 'price', 'revenue'].map(number);
  return Array.from({ length: batch.rows }, (_, row) => ({
    user: user?.(row) ?? '',
    timeMs: timeMs?.(row) ?? 0,
    type: type?.(row) ?? '',
    product: product?.(row) ?? '',
    category: category?.(row) ?? '',
    device: device?.(row) ?? '',
    country: country?.(row) ?? '',
    session: session?.(row) ?? '',
    price: price?.(row) ?? 0,
    revenue: revenue?.(row) ?? null,
  }));
}

/** Many open sessions: what they take, and how long it takes to read them back. */
function measureOpen(schema: StreamSchema, count: number, say: (text: string) => void): string[] {
  say(`measuring ${count} open sessions`);
  const shape = {
    schema,
    eventsPerSecond: 10_000,
    userOf: (event: number) => event % count,
    sessionOf: (event: number) => clientSessionOf(event % count),
  };
  const fields = new Map<string, FieldPut>();
  const state = { next: 0, inputMs: 0, openCount: 0 };
  const before = heldBytes();
  {
    const book = new SessionBook(schema, SHOP_SESSIONS, -Infinity);
    for (const batch of columnBatches(shape, count * EVENTS_EACH)) {
      applyBatch(book, batch);
      state.next = batch.rawNext;
      state.inputMs = batch.after.watermarkInputMs;
      for (const put of book.takeChanges(batch.rawNext).puts)
        fields.set(Buffer.from(put.field).toString(), copyOf(put));
    }
    state.openCount = book.openCount;
  }
  const puts = [...fields.values()];
  fields.clear();
  const bytes = puts.reduce((sum, put) => sum + put.bytes.length, 0);
  const startedMs = performance.now();
  const restored = new SessionBook(schema, SHOP_SESSIONS, -Infinity);
  for (const { field, bytes: saved } of puts) restored.restore(field, saved, state.next);
  restored.restored(state.inputMs);
  const seconds = (performance.now() - startedMs) / 1000;
  if (restored.openCount !== state.openCount)
    throw new Error(`${restored.openCount} sessions came back of ${state.openCount}`);
  puts.length = 0;
  const held = heldBytes() - before;
  return table(
    [`open sessions, ${EVENTS_EACH} events each`, 'memory', 'checkpoint', 'restored'],
    [
      [
        restored.openCount.toLocaleString('en'),
        `${Math.round(held / restored.openCount)} bytes a session`,
        `${Math.round(bytes / restored.openCount)} bytes a session`,
        `${seconds.toFixed(2)} s`,
      ],
    ],
  );
}

function copyOf({ field, bytes }: FieldPut): FieldPut {
  return { field: Uint8Array.from(field), bytes: Uint8Array.from(bytes) };
}
