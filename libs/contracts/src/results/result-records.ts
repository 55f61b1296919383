import type {
  LateCount,
  MeasureColumn,
  MetricDefinition,
  MetricSpan,
  ResultBlock,
  StreamSchema,
} from '@tillstream/core';
import { ALL_TIME } from '@tillstream/core';
import { ByteWriter } from '../bytes/byte-writer';
import { writeJsonText } from '../bytes/json-text';
import type { NewRecord } from '../record';
import { PackedRecord } from '../record';
import { GroupJson } from './group-json';
import { isoInstant } from './instant';
import { writeItem, writeNumber } from './value-json';

/*
 * Records of the metrics topic. Keys:
 *
 *   f|identity|window start|group   a final result: never replaced
 *   p|identity|window start|group   a provisional result: replaced by later ones, void once the window is closed
 *   c|identity|window start         the window is closed: what is not final now never was there
 *   l|identity|window start|partition   rows of one partition that came too late for the window, so far
 *   b|identity|partition            the windows that one partition has whole of a metric that was not declared all the time
 *   b|identity|partition|backfill   the windows of these that were computed afterwards
 *   w|identity|partition            finals of windows that end by then stand in front of it, in this partition of the topic;
 *                                   only of metrics whose windows are compared with one another
 *
 * Provisionals and finals have different keys because compaction keeps the last record of a key, not the best: a
 * writer that lost its partition without noticing would otherwise bury a final under an older provisional.
 */

const OPEN_BRACKET = 0x5b;
const COMMA = 0x2c;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** About what the amount of a value in a ranking takes, with the names around it. */
const RANKED_BYTES = 32;
/** About what the values of a row take beside its lists, and its group beside its texts, written twice. */
const ROW_BYTES = 64;

/** A metric's window. */
export interface WindowOf {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * One record per group of a block. Equal blocks give equal bytes: keys of objects in declared order, nothing of clock or
 * writer. All records share one buffer. `PlainResults` reads this very form.
 */
export function encodeResults(block: ResultBlock, schema: StreamSchema): NewRecord[] {
  const { metric, groups } = block;
  const groupJson = new GroupJson(metric.groupBy, schema);
  const writer = new ByteWriter(1024);
  // What is the same in every row is written once, in front, and copied from there.
  const keyPrefix = writeStretch(writer, keyBegin(block, block.final));
  const head = writeStretch(writer, valueBegin(block));
  const labels = metric.measures.map(({ name }, i) =>
    writeStretch(writer, `${i === 0 ? ',"measures":{' : ','}"${name}":`),
  );
  const tail = writeStretch(writer, `},"final":${block.final},"revision":${block.revision}`);
  // What a block takes by and large: to grow on the way would be to copy all of it.
  writer.reserve(groups.count * (writer.length + ROW_BYTES) + 2 * groups.bytes.length + listedBytes(block));

  const cuts = new Float64Array(2 * groups.count + 1);
  cuts[0] = writer.length;
  for (let row = 0; row < groups.count; row++) {
    writer.repeat(keyPrefix.from, keyPrefix.to);
    const groupFrom = writer.length;
    groupJson.write(writer, groups.bytes, groups.offsets[row] as number);
    const groupTo = writer.length;
    cuts[2 * row + 1] = groupTo;

    writer.repeat(head.from, head.to);
    writer.repeat(groupFrom, groupTo);
    for (let m = 0; m < labels.length; m++) {
      const label = labels[m] as Stretch;
      writer.repeat(label.from, label.to);
      writeMeasure(writer, block.measures[m] as MeasureColumn, row, schema.money.exponent);
    }
    writer.repeat(tail.from, tail.to);
    if (block.truncated?.[row] === 1) writer.ascii(',"truncated":true');
    if (block.retracted?.[row] === 1) writer.ascii(',"retracted":true');
    writer.byte(CLOSE_BRACE);
    cuts[2 * row + 2] = writer.length;
  }
  return cutRecords(writer, cuts, groups.count);
}

/** What the keys of a window's results have in common. */
export function keyBegin(window: WindowOf, final: boolean): string {
  return `${final ? 'f' : 'p'}|${windowKey(window)}|`;
}

/** What the values of a window's results have in common. */
export function valueBegin(window: WindowOf): string {
  return `${windowJson(window)},"group":`;
}

/** About what the items of lists and single values take. */
function listedBytes({ measures }: ResultBlock): number {
  let bytes = 0;
  for (const measure of measures) {
    if (measure.kind === 'ranking') bytes += RANKED_BYTES * measure.items.count;
    if (measure.kind === 'list' || measure.kind === 'value' || measure.kind === 'ranking') {
      bytes += measure.items.listedBytesOfAll();
    }
  }
  return bytes;
}

/** Where something stands in a writer. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

function writeStretch(writer: ByteWriter, text: string): Stretch {
  const from = writer.length;
  writer.ascii(text);
  return { from, to: writer.length };
}

/** One tombstone per group of a block for its provisional results: after the finals, they need no more room. */
export function encodeProvisionalTombstones(block: ResultBlock, schema: StreamSchema): NewRecord[] {
  const { metric, groups } = block;
  const groupJson = new GroupJson(metric.groupBy, schema);
  const writer = new ByteWriter(96 * groups.count + 96);
  const cuts = [0];
  for (let row = 0; row < groups.count; row++) {
    writer.ascii(`p|${windowKey(block)}|`);
    groupJson.write(writer, groups.bytes, groups.offsets[row] as number);
    cuts.push(writer.length);
  }
  return Array.from({ length: groups.count }, (_, row) => ({
    key: writer.slice(cuts[row] as number, cuts[row + 1] as number),
    value: null,
  }));
}

/**
 * Says that a window's finals are complete in this partition of the metrics topic: provisionals still standing there are void.
 *
 * @param revision as of the finals
 */
export function encodeClosed(window: WindowOf, revision: number): NewRecord {
  return {
    key: Buffer.from(`c|${windowKey(window)}`, 'latin1'),
    value: Buffer.from(`${windowJson(window)},"closed":true,"revision":${revision}}`, 'latin1'),
  };
}

/** The number of rows of one partition that a window has missed so far. */
export function encodeLateCount(late: LateCount, partition: number): NewRecord {
  const counted = `"partition":${partition},"late_rows":${late.count},"revision":${late.revision}`;
  return {
    key: Buffer.from(`l|${windowKey(late)}|${partition}`, 'latin1'),
    value: Buffer.from(`${windowJson(late)},${counted}}`, 'latin1'),
  };
}

/** Which windows one partition has whole of a metric that was declared, or removed, while events came. */
export function encodeSpan({ name, identity }: MetricDefinition, span: MetricSpan, partition: number): NewRecord {
  const whole = `"complete_from":${instantJson(span.fromMs)},"complete_until":${instantJson(span.untilMs)}`;
  return {
    key: Buffer.from(`b|${identity}|${partition}`, 'latin1'),
    value: Buffer.from(
      `{"metric":"${name}","definition":"${definitionOf(identity)}","partition":${partition},${whole}}`,
      'latin1',
    ),
  };
}

/**
 * Says that the windows of one partition that begin in a span were computed afterwards, and that their finals are complete
 * in every partition of the metrics topic.
 */
export function encodeBackfill(
  { name, identity }: MetricDefinition,
  { fromMs, untilMs }: MetricSpan,
  partition: number,
): NewRecord {
  const range = `"backfilled_from":${instantJson(fromMs)},"backfilled_until":${instantJson(untilMs)}`;
  return {
    key: Buffer.from(`b|${identity}|${partition}|backfill`, 'latin1'),
    value: Buffer.from(
      `{"metric":"${name}","definition":"${definitionOf(identity)}","partition":${partition},${range}}`,
      'latin1',
    ),
  };
}

/** Infinity is null. */
function instantJson(ms: number): string {
  return Number.isFinite(ms) ? `"${isoInstant(ms)}"` : 'null';
}

/**
 * Says that every final of windows of a metric that end at or before `closedUntilMs` stands in front of this record, as far
 * as this partition of the metrics topic holds any: a window without results is told from one that is not closed yet.
 */
export function encodeProgress(
  { name, identity }: MetricDefinition,
  closedUntilMs: number,
  partition: number,
): NewRecord {
  return {
    key: Buffer.from(`w|${identity}|${partition}`, 'latin1'),
    value: Buffer.from(
      `{"metric":"${name}","definition":"${definitionOf(identity)}","partition":${partition},` +
        `"closed_until":"${isoInstant(closedUntilMs)}"}`,
      'latin1',
    ),
  };
}

function windowKey({ metric, startMs }: WindowOf): string {
  return `${metric.identity}|${isoInstant(startMs)}`;
}

/** Beginning of every value: names are plain ASCII identifiers, so nothing needs escaping. */
function windowJson({ metric, startMs, endMs }: WindowOf): string {
  return (
    `{"metric":"${metric.name}","definition":"${definitionOf(metric.identity)}",` +
    `"window_start":"${isoInstant(startMs)}","window_end":${endMs === ALL_TIME.sizeMs ? 'null' : `"${isoInstant(endMs)}"`}`
  );
}

function definitionOf(identity: string): string {
  return identity.slice(identity.lastIndexOf('@') + 1);
}

function writeMeasure(writer: ByteWriter, column: MeasureColumn, row: number, moneyExponent: number): void {
  switch (column.kind) {
    case 'number':
      writeNumber(writer, column.values[row] as number, column.type, moneyExponent);
      return;
    case 'decimal': {
      const text = column.texts[row] ?? null;
      if (text === null) writer.ascii('null');
      else writeJsonText(writer, text);
      return;
    }
    case 'value': {
      const item = column.at[row] as number;
      if (item < 0) writer.ascii('null');
      else writeItem(writer, column.items, item, moneyExponent);
      return;
    }
    case 'ranking': {
      const { items, amounts, amountType, starts } = column;
      const from = starts[row] as number;
      const to = starts[row + 1] as number;
      writer.byte(OPEN_BRACKET);
      for (let item = from; item < to; item++) {
        writer.ascii(item > from ? ',{"value":' : '{"value":');
        writeItem(writer, items, item, moneyExponent);
        writer.ascii(',"amount":');
        writeNumber(writer, amounts[item] as number, amountType, moneyExponent);
        writer.byte(CLOSE_BRACE);
      }
      writer.byte(CLOSE_BRACKET);
      return;
    }
    case 'list': {
      const { items, starts } = column;
      const from = starts[row] as number;
      const to = starts[row + 1] as number;
      writer.byte(OPEN_BRACKET);
      for (let item = from; item < to; item++) {
        if (item > from) writer.byte(COMMA);
        writeItem(writer, items, item, moneyExponent);
      }
      writer.byte(CLOSE_BRACKET);
      return;
    }
  }
}

/** cuts: for each row the end of its key and the end of its value. */
function cutRecords(writer: ByteWriter, cuts: Float64Array, count: number): NewRecord[] {
  const { written } = writer;
  const records = new Array<NewRecord>(count);
  for (let row = 0; row < count; row++) {
    const at = 2 * row;
    records[row] = new PackedRecord(written, cuts[at] as number, cuts[at + 1] as number, cuts[at + 2] as number);
  }
  return records;
}
