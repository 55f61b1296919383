import type { LateCount, MeasureColumn, MetricDefinition, ResultBlock, StreamSchema } from '@tillstream/core';
import { ByteWriter } from '../bytes/byte-writer';
import { writeJsonText } from '../bytes/json-text';
import type { NewRecord } from '../record';
import { GroupJson } from './group-json';
import { isoInstant, writeNumber, writeValue } from './value-json';

/*
 * Records of the metrics topic. Keys:
 *
 *   f|identity|window start|group   a final result: never replaced
 *   p|identity|window start|group   a provisional result: replaced by later ones, void once the window is closed
 *   c|identity|window start         the window is closed: what is not final now never was there
 *   l|identity|window start|partition   rows of one partition that came too late for the window, so far
 *
 * Provisionals and finals have different keys because compaction keeps the last record of a key, not the best: a
 * writer that lost its partition without noticing would otherwise bury a final under an older provisional.
 */

/** A metric's window. */
export interface WindowOf {
  readonly metric: MetricDefinition;
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * One record per group of a block. Equal blocks give equal bytes: keys of objects in declared order, nothing of clock or
 * writer. All records share one buffer.
 */
export function encodeResults(block: ResultBlock, schema: StreamSchema): NewRecord[] {
  const { metric, groups } = block;
  const groupJson = new GroupJson(metric.groupBy, schema);
  const writer = new ByteWriter(256 * groups.count + 256);
  const keyPrefix = Buffer.from(`${block.final ? 'f' : 'p'}|${windowKey(block)}|`, 'latin1');
  const head = Buffer.from(`${windowJson(block)},"group":`, 'latin1');
  const labels = metric.measures.map((measure, i) => `${i === 0 ? '' : ','}"${measure.name}":`);
  const tail = `},"final":${block.final},"revision":${block.revision}`;

  const cuts = new Float64Array(2 * groups.count + 1);
  for (let row = 0; row < groups.count; row++) {
    writer.bytes(keyPrefix);
    const groupFrom = writer.length;
    groupJson.write(writer, groups.bytes, groups.offsets[row] as number);
    const groupTo = writer.length;
    cuts[2 * row + 1] = groupTo;

    writer.bytes(head);
    writer.repeat(groupFrom, groupTo);
    writer.ascii(',"measures":{');
    for (let m = 0; m < labels.length; m++) {
      writer.ascii(labels[m] as string);
      writeMeasure(writer, block.measures[m] as MeasureColumn, row, schema.money.exponent);
    }
    writer.ascii(tail);
    if (block.truncated?.[row] === 1) writer.ascii(',"truncated":true');
    if (block.retracted?.[row] === 1) writer.ascii(',"retracted":true');
    writer.ascii('}');
    cuts[2 * row + 2] = writer.length;
  }
  return cutRecords(writer, cuts, groups.count);
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

function windowKey({ metric, startMs }: WindowOf): string {
  return `${metric.identity}|${isoInstant(startMs)}`;
}

/** Beginning of every value: names are plain ASCII identifiers, so nothing needs escaping. */
function windowJson({ metric, startMs, endMs }: WindowOf): string {
  const definition = metric.identity.slice(metric.identity.lastIndexOf('@') + 1);
  return (
    `{"metric":"${metric.name}","definition":"${definition}",` +
    `"window_start":"${isoInstant(startMs)}","window_end":"${isoInstant(endMs)}"`
  );
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
    case 'list': {
      const items = column.values[row] ?? [];
      writer.byte(0x5b);
      for (let i = 0; i < items.length; i++) {
        if (i > 0) writer.byte(0x2c);
        writeValue(writer, items[i] as string | number | boolean, column.type, moneyExponent);
      }
      writer.byte(0x5d);
      return;
    }
  }
}

/** cuts: for each row the end of its key and the end of its value. */
function cutRecords(writer: ByteWriter, cuts: Float64Array, count: number): NewRecord[] {
  const records = new Array<NewRecord>(count);
  for (let row = 0; row < count; row++) {
    const keyFrom = cuts[2 * row] as number;
    const valueFrom = cuts[2 * row + 1] as number;
    const valueTo = cuts[2 * row + 2] as number;
    records[row] = { key: writer.slice(keyFrom, valueFrom), value: writer.slice(valueFrom, valueTo) };
  }
  return records;
}
