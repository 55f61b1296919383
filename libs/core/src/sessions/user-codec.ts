import { ByteReader } from '../metrics/checkpoint/byte-reader';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { grownInts } from '../windowing/grow';
import { readRow } from './appended-row';
import { StretchReader, writeStretch } from './stretch-codec';
import { anEmptyRow } from './session-row';
import type { TextTable } from './text-table';
import { NO_TEXT } from './text-table';
import type { UserHead } from './user-state';
import {
  ANY,
  BODY_AT,
  CUT_OVER,
  ENDED_OVER,
  MAX_SUMMARY,
  MAX_TEXT,
  MAX_TEXTS,
  NO_OVER,
  ONE,
  VERSION,
  readHead,
} from './user-state';
import { Stretch } from './stretch';
import type { Over } from './visitor';
import { Visitor } from './visitor';

/** Writes and reads what is known of a user, so that nothing else is needed to read it. Texts stand there once. */
export class UserCodec {
  /** Texts of the user that is being written, each behind its length, and what refers to them. */
  private readonly texts = new ByteWriter();
  private readonly body = new ByteWriter();
  private readonly row = anEmptyRow();
  private count = 0;
  private longest = 0;
  /** By id of a text: `base` + its number, if the user at hand has it. */
  private numbers = new Int32Array(0);
  private base = 0;

  constructor(private readonly table: TextTable) {}

  /** Appends the state of a user. */
  write(visitors: readonly Visitor[], head: UserHead, writer: ByteWriter): void {
    this.base += this.count;
    this.count = 0;
    this.longest = 0;
    this.texts.clear();
    this.body.clear();
    const [visitor, ...others] = visitors;
    if (visitor && others.length === 0 && visitor.part === NO_TEXT && visitor.stretches.length <= 1) {
      const [stretch] = visitor.stretches;
      if (stretch) writeStretch(this.body, stretch, this.numberOf);
      const isSmall = this.body.length <= MAX_SUMMARY && this.count <= MAX_TEXTS && this.longest <= MAX_TEXT;
      if (isSmall) return this.writeOne(visitor, stretch ?? null, head, writer);
      // The texts are there already; what refers to them is written once more.
      this.body.clear();
    }
    this.writeAny(visitors, head, writer);
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    this.numbers.fill(0);
    this.base = 0;
    this.count = 0;
  }

  /** @throws RangeError for what is no state of a user, was written by a later version, or is cut short */
  read(bytes: Uint8Array, at: number, end: number): Visitor[] {
    const reader = new ByteReader(bytes, at + BODY_AT, end);
    const { openCount } = readHead(reader.view, at, end);
    const form = bytes[at + 1];
    if (form !== ANY && form !== ONE) throw new RangeError(`the sessions of a user have no form ${form}`);
    const visitors = form === ONE ? [this.readOne(reader, openCount)] : this.readAny(reader);
    reader.finish();
    return visitors;
  }

  private writeOne({ over }: Visitor, stretch: Stretch | null, head: UserHead, writer: ByteWriter): void {
    writeHead(ONE, head, writer);
    writer.byte(kindOf(over));
    writer.double(stretch?.firstMs ?? 0);
    writer.double(stretch?.lastMs ?? 0);
    writer.byte(0);
    writer.byte(this.count);
    writer.short(this.body.length);
    writer.short(this.texts.length);
    if (over) for (const time of [over.startMs, over.lastMs, over.throughMs]) writer.double(time);
    writer.raw(this.body.viewFrom(0), 0, this.body.length);
    writer.raw(this.texts.viewFrom(0), 0, this.texts.length);
  }

  private readOne(reader: ByteReader, openCount: number): Visitor {
    const kind = reader.byte();
    const firstMs = reader.double();
    const lastMs = reader.double();
    const rows = reader.byte();
    const count = reader.byte();
    const summaryLength = reader.short();
    reader.short(); // length of the texts, which are known by their count
    const over = kind === NO_OVER ? null : readOver(reader, kind);
    const summaryAt = reader.at;
    reader.at += summaryLength;
    const ids = this.readTexts(reader, count);
    if (openCount === 0) return new Visitor(NO_TEXT, [], over);
    let stretch = new Stretch(firstMs);
    if (summaryLength > 0) {
      stretch = new StretchReader(new ByteReader(reader.source, summaryAt, summaryAt + summaryLength), ids).read();
    }
    for (let left = rows; left > 0; left--) {
      readRow(reader, firstMs, ids, this.row);
      stretch.add(this.row);
    }
    if (stretch.firstMs !== firstMs || stretch.lastMs !== lastMs) {
      throw new RangeError('the sessions of a user have rows at other times than their head says');
    }
    return new Visitor(NO_TEXT, [stretch], over);
  }

  private writeAny(visitors: readonly Visitor[], head: UserHead, writer: ByteWriter): void {
    const { body } = this;
    for (const { part, over, stretches } of visitors) {
      body.count(this.numberOf(part));
      body.byte(kindOf(over));
      if (over) for (const time of [over.startMs, over.lastMs, over.throughMs]) body.double(time);
      body.count(stretches.length);
      for (const stretch of stretches) writeStretch(body, stretch, this.numberOf);
    }
    writeHead(ANY, head, writer);
    writer.count(this.count);
    writer.raw(this.texts.viewFrom(0), 0, this.texts.length);
    writer.count(visitors.length);
    writer.raw(body.viewFrom(0), 0, body.length);
  }

  private readAny(reader: ByteReader): Visitor[] {
    const ids = this.readTexts(reader, reader.length());
    const stretches = new StretchReader(reader, ids);
    return Array.from({ length: reader.length() }, () => {
      const part = stretches.text();
      const kind = reader.byte();
      const over = kind === NO_OVER ? null : readOver(reader, kind);
      return new Visitor(
        part,
        Array.from({ length: reader.length() }, () => stretches.read()),
        over,
      );
    });
  }

  /** Ids of the texts that come next, by their numbers. */
  private readTexts(reader: ByteReader, count: number): number[] {
    const ids = [NO_TEXT];
    for (let left = count; left > 0; left--) {
      const start = reader.skipBytes();
      ids.push(this.table.add(reader.view, start, reader.at));
    }
    return ids;
  }

  /** Number of a text among those of the user at hand, from 1 on; 0 for none. */
  private readonly numberOf = (id: number): number => {
    if (id === NO_TEXT) return 0;
    this.numbers = grownInts(this.numbers, this.table.limit);
    const known = (this.numbers[id] as number) - this.base;
    if (known > 0) return known;
    this.numbers[id] = this.base + ++this.count;
    this.longest = Math.max(this.longest, this.table.length(id));
    this.table.write(id, this.texts);
    return this.count;
  };
}

function writeHead(form: number, { dueMs, through, openCount }: UserHead, writer: ByteWriter): void {
  writer.byte(VERSION);
  writer.byte(form);
  writer.int(openCount);
  writer.double(dueMs);
  writer.double(through);
}

function kindOf(over: Over | null): number {
  return over === null ? NO_OVER : over.isCut ? CUT_OVER : ENDED_OVER;
}

function readOver(reader: ByteReader, kind: number): Over {
  const startMs = reader.double();
  const lastMs = reader.double();
  return { startMs, lastMs, throughMs: reader.double(), isCut: kind === CUT_OVER };
}
