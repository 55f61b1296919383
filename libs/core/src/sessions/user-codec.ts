import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { grownInts } from '../windowing/grow';
import type { Edge } from './stretch';
import { Stretch } from './stretch';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';
import type { TimedText } from './timed-texts';
import type { Over } from './visitor';
import { Visitor } from './visitor';

const VERSION = 1;
const HEAD_BYTES = 18;

/** What the first bytes of a user's state say. */
export interface UserHead {
  /** The watermark from which on there is something to do. */
  readonly dueMs: number;
  /** Rows below this raw offset are counted in it, and will not be again. */
  readonly through: number;
  readonly openCount: number;
}

/** @throws RangeError for what is no state of a user, or was written by a later version */
export function readHead(bytes: Uint8Array): UserHead {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== VERSION) throw new RangeError('the sessions of a user were written by another version');
  return { dueMs: reader.double(), through: reader.double(), openCount: reader.count() };
}

/** Where the rest begins. */
function bodyOf(bytes: Uint8Array): ByteReader {
  readHead(bytes);
  const reader = new ByteReader(bytes, HEAD_BYTES - 1);
  reader.count();
  return reader;
}

/** Writes and reads what is known of a user, so that nothing else is needed to read it. Texts stand there once. */
export class UserCodec {
  private readonly texts = new ByteWriter();
  private readonly body = new ByteWriter();
  /** By id of a text: its place in what is being written, if it is there: `locals[id]` is a place of the current user from `base` on. */
  private locals = new Int32Array(0);
  private base = 1;
  private count = 0;

  constructor(private readonly table: TextTable) {}

  /** Appends the state of a user. */
  write(visitors: readonly Visitor[], { dueMs, through, openCount }: UserHead, writer: ByteWriter): void {
    const { texts, body } = this;
    this.base += this.count + 1;
    this.count = 0;
    texts.clear();
    body.clear();
    body.count(visitors.length);
    for (const visitor of visitors) this.writeVisitor(visitor);
    writer.byte(VERSION);
    writer.double(dueMs);
    writer.double(through);
    writer.count(openCount);
    writer.count(this.count);
    writer.raw(texts.viewFrom(0), 0, texts.length);
    writer.raw(body.viewFrom(0), 0, body.length);
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    this.locals = new Int32Array(0);
    this.base = 1;
    this.count = 0;
  }

  /** @throws RangeError as `readHead`, and for a state that is cut short */
  read(bytes: Uint8Array): Visitor[] {
    const reader = bodyOf(bytes);
    const ids = [NO_TEXT];
    for (let left = reader.length(); left > 0; left--) {
      const start = reader.skipBytes();
      ids.push(this.table.add(reader.view, start, reader.at));
    }
    const visitors: Visitor[] = [];
    for (let left = reader.length(); left > 0; left--) visitors.push(readVisitor(reader, ids));
    reader.finish();
    return visitors;
  }

  private writeVisitor({ part, over, stretches }: Visitor): void {
    const { body } = this;
    this.text(part);
    body.byte(over === null ? 0 : over.isCut ? 2 : 1);
    if (over !== null) {
      body.integer(over.startMs);
      body.count(over.lastMs - over.startMs);
      body.count(over.throughMs - over.lastMs);
    }
    body.count(stretches.length);
    for (const stretch of stretches) this.writeStretch(stretch);
  }

  private writeStretch(stretch: Stretch): void {
    const { body } = this;
    const { firstMs } = stretch;
    body.integer(firstMs);
    body.count(stretch.lastMs - firstMs);
    body.count(stretch.events);
    body.count(stretch.pageViews);
    body.count(stretch.carts);
    body.count(stretch.purchases);
    body.integer(stretch.revenue);
    body.integer(stretch.revenueCarry);
    body.byte(stretch.isTruncated ? 1 : 0);
    body.count(stretch.products.size);
    for (const product of stretch.products) this.text(product);
    this.writeEdge(stretch.entry, firstMs);
    this.writeEdge(stretch.exit, firstMs);
    this.writeTimed(stretch.device ? [stretch.device] : [], firstMs);
    this.writeTimed(stretch.location ? [stretch.location] : [], firstMs);
    this.writeTimed(stretch.path, firstMs);
    this.writeTimed(stretch.clients, firstMs);
    body.count(stretch.cart.length);
    for (const { timeMs, product, value, isIn } of stretch.cart) {
      body.count(timeMs - firstMs);
      this.text(product);
      body.byte(isIn ? 1 : 0);
      body.integer(value);
    }
  }

  private writeEdge(edge: Edge | null, firstMs: number): void {
    this.body.byte(edge === null ? 0 : 1);
    if (edge === null) return;
    this.body.count(edge.timeMs - firstMs);
    this.text(edge.product);
    this.text(edge.category);
  }

  private writeTimed(items: readonly TimedText[], firstMs: number): void {
    this.body.count(items.length);
    for (const { timeMs, text } of items) {
      this.body.count(timeMs - firstMs);
      this.text(text);
    }
  }

  /** Writes the place of a text among those of the user; 0 for none. */
  private text(id: number): void {
    if (id === NO_TEXT) return this.body.byte(0);
    this.locals = grownInts(this.locals, this.table.limit);
    let local = (this.locals[id] as number) - this.base;
    if (local < 0) {
      local = this.count++;
      this.locals[id] = this.base + local;
      this.table.write(id, this.texts);
    }
    this.body.count(local + 1);
  }
}

function readVisitor(reader: ByteReader, ids: readonly number[]): Visitor {
  const part = readText(reader, ids);
  const over = readOver(reader);
  const stretches: Stretch[] = [];
  for (let left = reader.length(); left > 0; left--) stretches.push(readStretch(reader, ids));
  return new Visitor(part, stretches, over);
}

function readOver(reader: ByteReader): Over | null {
  const kind = reader.byte();
  if (kind === 0) return null;
  const startMs = reader.integer();
  const lastMs = startMs + reader.count();
  return { startMs, lastMs, throughMs: lastMs + reader.count(), isCut: kind === 2 };
}

function readStretch(reader: ByteReader, ids: readonly number[]): Stretch {
  const firstMs = reader.integer();
  const stretch = new Stretch(firstMs);
  stretch.lastMs = firstMs + reader.count();
  stretch.events = reader.count();
  stretch.pageViews = reader.count();
  stretch.carts = reader.count();
  stretch.purchases = reader.count();
  stretch.revenue = reader.integer();
  stretch.revenueCarry = reader.integer();
  stretch.isTruncated = reader.byte() === 1;
  for (let left = reader.length(); left > 0; left--) stretch.products.add(readText(reader, ids));
  stretch.entry = readEdge(reader, ids, firstMs);
  stretch.exit = readEdge(reader, ids, firstMs);
  stretch.device = readTimed(reader, ids, firstMs)[0] ?? null;
  stretch.location = readTimed(reader, ids, firstMs)[0] ?? null;
  stretch.path = readTimed(reader, ids, firstMs);
  stretch.clients = readTimed(reader, ids, firstMs);
  for (let left = reader.length(); left > 0; left--) {
    const timeMs = firstMs + reader.count();
    const product = readText(reader, ids);
    const isIn = reader.byte() === 1;
    stretch.cart.push({ timeMs, product, value: reader.integer(), isIn });
  }
  return stretch;
}

function readEdge(reader: ByteReader, ids: readonly number[], firstMs: number): Edge | null {
  if (reader.byte() === 0) return null;
  const timeMs = firstMs + reader.count();
  const product = readText(reader, ids);
  return { timeMs, product, category: readText(reader, ids) };
}

function readTimed(reader: ByteReader, ids: readonly number[], firstMs: number): TimedText[] {
  const items: TimedText[] = [];
  for (let left = reader.length(); left > 0; left--) {
    const timeMs = firstMs + reader.count();
    items.push({ timeMs, text: readText(reader, ids) });
  }
  return items;
}

function readText(reader: ByteReader, ids: readonly number[]): number {
  const id = ids[reader.count()];
  if (id === undefined) throw new RangeError('the sessions of a user speak of a text that is not there');
  return id;
}
