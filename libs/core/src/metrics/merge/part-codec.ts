import { endOf, startOf } from '../../windowing/sliced-windows';
import type { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import { CollectedItems } from '../measures/collected';
import { EdgeValues } from '../measures/edge-values';
import type { MetricPlan } from '../plan/metric-plan';
import { ROWS, SESSION_NUMBERS, SKETCH_KINDS } from '../plan/metric-plan';
import { MOMENTS } from '../measures/moments';
import type { KeyWriter } from '../groups/ordered-keys';
import { orderByKey } from '../groups/ordered-keys';
import type { ByteStrings, PartBlock } from '../output';
import { Tallies } from '../measures/tallies';
import type { WindowValues } from '../results/window-values';

/** First byte of every accumulator. */
const VERSION = 1;

const writer = new ByteWriter();

/** The values of a window as a part of it. */
export function encodePart(
  values: WindowValues,
  window: number,
  frozen: boolean,
  revision: number,
  writeKey: KeyWriter,
): PartBlock {
  const { plan } = values;
  const { rows, groups } = orderByKey(
    values,
    Int32Array.from({ length: values.count }, (_, row) => row),
    writeKey,
  );
  return {
    metric: plan.metric.identity,
    startMs: startOf(plan.windows, window),
    endMs: endOf(plan.windows, window),
    frozen,
    revision,
    groups,
    accumulators: encodeAccumulators(values, rows, frozen),
  };
}

function encodeAccumulators(values: WindowValues, rows: Int32Array, frozen: boolean): ByteStrings {
  const { plan } = values;
  const offsets = new Uint32Array(rows.length + 1);
  writer.clear();
  rows.forEach((row, i) => {
    const at = row * plan.windowWidth;
    writer.byte(VERSION);
    writeNumbers(plan, writer, values.numbers, at);
    for (const { parts } of plan.distincts) {
      for (const part of parts) writer.count(values.numbers[at + part.at] as number);
    }
    for (const part of plan.collects) {
      const count = values.pick(row, part);
      writer.count(count);
      for (let i = 0; i < count; i++) {
        (values.pickedFrom[i] as CollectedItems).values.write(values.picked[i] as number, writer);
      }
    }
    for (const part of plan.edges) {
      if (Number.isNaN(values.numbers[at + part.at])) continue;
      values.edges.sourceOf(row, part.edge).write(values.edges.ownerOf(row, part.edge), writer);
    }
    for (const { sketch } of plan.sketches) values.sketched.merged(row, sketch).write(0, writer);
    for (const { top } of plan.tops) values.tops.write(row, top, frozen, writer);
    offsets[i + 1] = writer.length;
  });
  return { count: rows.length, bytes: writer.toBytes(), offsets };
}

/**
 * Reads one accumulator into row `row` of the values.
 *
 * @throws RangeError for an accumulator that is cut short or was written by a later version
 */
export function decodeAccumulator(reader: ByteReader, values: WindowValues, row: number): void {
  const { plan } = values;
  const version = reader.byte();
  if (version !== VERSION) throw new RangeError(`an accumulator of ${plan.metric.identity} has version ${version}`);
  const at = row * plan.windowWidth;
  readNumbers(plan, reader, values.numbers, at);
  for (const { parts } of plan.distincts) for (const part of parts) values.numbers[at + part.at] = reader.count();
  for (const { list, type } of plan.collects) {
    const items = new CollectedItems(type);
    for (let left = reader.count(); left > 0; left--) {
      items.values.read(reader);
      items.append(0, 0, 0); // they are in their order already
    }
    values.setItems(row, list, items);
  }
  for (const part of plan.edges) {
    if (Number.isNaN(values.numbers[at + part.at])) continue;
    const edge = new EdgeValues(part.type);
    edge.read(0, reader);
    values.edges.set(row, part.edge, edge, 0);
  }
  for (const { sketch, of } of plan.sketches) {
    const tallies = new Tallies(SKETCH_KINDS[of]);
    tallies.read(0, reader);
    values.sketched.set(row, sketch, tallies);
  }
  for (const { top } of plan.tops) values.tops.read(row, top, reader);
}

/** Writes the numbers of a group that are not distinct counts: those of a slice as well as those of a window. */
export function writeNumbers(plan: MetricPlan, target: ByteWriter, numbers: Float64Array, at: number): void {
  target.count(numbers[at + ROWS] as number);
  for (const part of plan.counts) target.count(numbers[at + part.at] as number);
  for (const part of plan.sums) {
    target.count(numbers[at + part.at + 1] as number);
    writeNumber(target, numbers[at + part.at] as number, part.exact);
    if (part.exact) target.integer(numbers[at + part.at + 2] as number);
  }
  for (const part of plan.extremes) writeNumber(target, numbers[at + part.at] as number, part.integers);
  for (const { at: place } of plan.moments) {
    target.count(numbers[at + place] as number);
    for (let i = 1; i < MOMENTS; i++) target.double(numbers[at + place + i] as number);
  }
  for (const { at: place } of plan.edges) {
    target.double(numbers[at + place] as number);
    target.count(numbers[at + place + 1] as number);
  }
  for (const part of plan.collects) target.count(numbers[at + part.at] as number);
  if (plan.session !== null) {
    for (let i = 0; i < SESSION_NUMBERS; i++) target.integer(numbers[at + plan.session.at + i] as number);
  }
}

/** Reads what `writeNumbers` wrote. */
export function readNumbers(plan: MetricPlan, reader: ByteReader, numbers: Float64Array, at: number): void {
  numbers[at + ROWS] = reader.count();
  for (const part of plan.counts) numbers[at + part.at] = reader.count();
  for (const part of plan.sums) {
    numbers[at + part.at + 1] = reader.count();
    numbers[at + part.at] = readNumber(reader, part.exact);
    if (part.exact) numbers[at + part.at + 2] = reader.integer();
  }
  for (const part of plan.extremes) numbers[at + part.at] = readNumber(reader, part.integers);
  for (const { at: place } of plan.moments) {
    numbers[at + place] = reader.count();
    for (let i = 1; i < MOMENTS; i++) numbers[at + place + i] = reader.double();
  }
  for (const { at: place } of plan.edges) {
    numbers[at + place] = reader.double();
    numbers[at + place + 1] = reader.count();
  }
  for (const part of plan.collects) numbers[at + part.at] = reader.count();
  if (plan.session !== null) {
    for (let i = 0; i < SESSION_NUMBERS; i++) numbers[at + plan.session.at + i] = reader.integer();
  }
}

function writeNumber(target: ByteWriter, value: number, integer: boolean): void {
  if (integer) target.integer(value);
  else target.double(value);
}

function readNumber(reader: ByteReader, integer: boolean): number {
  return integer ? reader.integer() : reader.double();
}
