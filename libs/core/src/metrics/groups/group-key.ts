import { decodeText } from '../../batch/column-access';
import type { FieldType, StreamSchema } from '../../stream/schema';
import { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import type { MetricDefinition } from '../definition';

/** The value of one field of a group; money in minor units, timestamps in epoch ms. */
export type GroupValue = string | number | boolean | null;

const NULL = 0;
const PRESENT = 1;

/**
 * A group as bytes: for each field of groupBy one byte, 0 for null or 1, and after a 1 the value: strings as length
 * (seven bits a byte, low first) and UTF-8, bools as one byte, other types as a little-endian double. Equal groups have
 * equal bytes. A metric without groupBy has the empty key.
 *
 * @throws RangeError when there are not as many values as fields; TypeError for a value of another type
 */
export function encodeGroupKey(
  values: readonly GroupValue[],
  metric: Pick<MetricDefinition, 'groupBy'>,
  schema: StreamSchema,
): Uint8Array {
  const types = groupTypes(metric.groupBy, schema);
  if (values.length !== types.length) throw new RangeError(`a group of ${types.length} fields, not ${values.length}`);
  const writer = new ByteWriter();
  types.forEach((type, i) => {
    const value = values[i] as GroupValue;
    if (value === null) writer.byte(NULL);
    else writeGroupValue(writer, value, type);
  });
  return writer.toBytes();
}

/** Reads what `encodeGroupKey` wrote: the values in the order of groupBy. */
export function decodeGroupKey(
  key: Uint8Array,
  metric: Pick<MetricDefinition, 'groupBy'>,
  schema: StreamSchema,
): GroupValue[] {
  const reader = new ByteReader(key);
  return groupTypes(metric.groupBy, schema).map((type) => {
    if (reader.byte() === NULL) return null;
    if (type === 'string') {
      const bytes = reader.bytes();
      return decodeText(bytes, 0, bytes.length);
    }
    return type === 'bool' ? reader.byte() !== 0 : reader.double();
  });
}

/** Types of the fields of groupBy. @throws RangeError for a field that the schema does not have */
export function groupTypes(groupBy: readonly string[], schema: StreamSchema): FieldType[] {
  return groupBy.map((name) => {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (field === undefined) throw new RangeError(`group field ${name} is not declared in stream ${schema.stream}`);
    return field.type;
  });
}

/** Writes what stands before the bytes of a string that is present. */
export function writeGroupTextHead(writer: ByteWriter, length: number): void {
  writer.byte(PRESENT);
  writer.count(length);
}

/** Writes a number or bool (1 and 0) that is present. */
export function writeGroupNumber(writer: ByteWriter, value: number, type: FieldType): void {
  writer.byte(PRESENT);
  if (type === 'bool') writer.byte(value);
  else writer.double(value);
}

export function writeGroupNull(writer: ByteWriter): void {
  writer.byte(NULL);
}

function writeGroupValue(writer: ByteWriter, value: Exclude<GroupValue, null>, type: FieldType): void {
  if (type === 'string') {
    if (typeof value !== 'string') throw new TypeError(`a group field of type string cannot be ${String(value)}`);
    const bytes = new TextEncoder().encode(value);
    writeGroupTextHead(writer, bytes.length);
    writer.raw(bytes, 0, bytes.length);
    return;
  }
  if (typeof value === 'string') throw new TypeError(`a group field of type ${type} cannot be a text`);
  writeGroupNumber(writer, Number(value), type);
}
