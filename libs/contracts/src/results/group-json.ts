import type { FieldType, GroupValue, MetricDefinition, StreamSchema } from '@tillstream/core';
import { encodeGroupKey } from '@tillstream/core';
import { ByteWriter } from '../bytes/byte-writer';
import { writeJsonUtf8 } from '../bytes/json-text';
import { writeNumber } from './value-json';

/**
 * Writes encoded group keys as JSON objects, straight from their bytes. A group key is, for each field of groupBy, one
 * byte 0 (null) or 1, and after a 1: strings as varint length and UTF-8, bools as one byte, other types as a
 * little-endian double.
 */
export class GroupJson {
  private readonly fields: readonly { readonly type: FieldType; readonly label: string }[];
  private readonly moneyExponent: number;

  /** @throws Error when groupBy names a field that the schema does not have */
  constructor(groupBy: readonly string[], schema: StreamSchema) {
    this.moneyExponent = schema.money.exponent;
    this.fields = groupBy.map((name, i) => {
      const field = schema.fields.find((candidate) => candidate.name === name);
      if (field === undefined) throw new Error(`group field ${name} is not declared in stream ${schema.stream}`);
      return { type: field.type, label: `${i === 0 ? '{' : ','}${JSON.stringify(name)}:` };
    });
  }

  /** Writes the group key bytes[from, …) as `{"field":value,…}` in the order of groupBy. */
  write(writer: ByteWriter, bytes: Uint8Array, from: number): void {
    if (this.fields.length === 0) {
      writer.ascii('{}');
      return;
    }
    let at = from;
    for (const { type, label } of this.fields) {
      writer.ascii(label);
      if (bytes[at++] === 0) writer.ascii('null');
      else at = this.writePresent(writer, bytes, at, type);
    }
    writer.ascii('}');
  }

  private writePresent(writer: ByteWriter, bytes: Uint8Array, from: number, type: FieldType): number {
    if (type === 'string') {
      let at = from;
      let length = 0;
      let scale = 1;
      let byte: number;
      do {
        byte = bytes[at++] as number;
        length += (byte & 0x7f) * scale;
        scale *= 0x80;
      } while (byte >= 0x80);
      writeJsonUtf8(writer, bytes, at, at + length);
      return at + length;
    }
    if (type === 'bool') {
      writer.ascii(bytes[from] === 0 ? 'false' : 'true');
      return from + 1;
    }
    writeNumber(writer, readDouble(bytes, from), type, this.moneyExponent);
    return from + 8;
  }
}

/**
 * A group as it stands in the keys and values of results.
 *
 * @param group in the order of groupBy
 * @throws RangeError when there are not as many values as fields; TypeError for a value of another type
 */
export function groupJsonText(group: readonly GroupValue[], metric: MetricDefinition, schema: StreamSchema): string {
  const writer = new ByteWriter(256);
  new GroupJson(metric.groupBy, schema).write(writer, encodeGroupKey(group, metric, schema), 0);
  return new TextDecoder().decode(writer.slice(0, writer.length));
}

const scratch = new DataView(new ArrayBuffer(8));

function readDouble(bytes: Uint8Array, from: number): number {
  for (let i = 0; i < 8; i++) scratch.setUint8(i, bytes[from + i] as number);
  return scratch.getFloat64(0, true);
}
