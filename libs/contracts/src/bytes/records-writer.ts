import type { NewRecord } from '../record';
import { PackedRecord } from '../record';
import { InstantWriter } from '../results/instant-writer';
import { writeNumber } from '../results/value-json';
import { ByteWriter } from './byte-writer';
import { writeJsonText } from './json-text';

/**
 * Records with JSON values, one behind the other in one buffer. A member is written with all that stands in front of its value:
 * `,"user":`. That is ASCII.
 */
export class RecordsWriter {
  private readonly writer: ByteWriter;
  private readonly instants = new InstantWriter();
  /** Where the key and the value of each record begin. */
  private readonly cuts: number[] = [];

  /** @param capacity bytes that all of them take by and large */
  constructor(
    private readonly moneyExponent: number,
    capacity: number,
  ) {
    this.writer = new ByteWriter(capacity);
  }

  /** Begins the next record. */
  key(text: string): void {
    this.cuts.push(this.writer.length);
    this.writer.utf8(text);
    this.cuts.push(this.writer.length);
  }

  ascii(text: string): void {
    this.writer.ascii(text);
  }

  text(label: string, value: string | null): void {
    this.writer.ascii(label);
    this.textOrNull(value);
  }

  texts(label: string, values: readonly string[]): void {
    this.writer.ascii(label);
    values.forEach((value, i) => {
      this.writer.ascii(i === 0 ? '[' : ',');
      writeJsonText(this.writer, value);
    });
    this.writer.ascii(values.length === 0 ? '[]' : ']');
  }

  /** A whole number that is not negative. */
  count(label: string, value: number): void {
    this.writer.ascii(label);
    this.writer.digits(value, 1);
  }

  double(label: string, value: number): void {
    this.writer.ascii(label);
    writeNumber(this.writer, value, 'double', this.moneyExponent);
  }

  flag(label: string, value: boolean): void {
    this.writer.ascii(label);
    this.writer.ascii(value ? 'true' : 'false');
  }

  /** Minor units; NaN is null. */
  money(label: string, value: number): void {
    this.writer.ascii(label);
    writeNumber(this.writer, value, 'money', this.moneyExponent);
  }

  instant(label: string, epochMs: number): void {
    this.writer.ascii(label);
    this.instants.write(this.writer, epochMs);
  }

  /** All records. The writer is spent. */
  finish(): NewRecord[] {
    const { cuts, writer } = this;
    const records: NewRecord[] = [];
    for (let at = 0; at < cuts.length; at += 2) {
      const next = cuts[at + 2] ?? writer.length;
      records.push(new PackedRecord(writer.written, cuts[at] as number, cuts[at + 1] as number, next));
    }
    return records;
  }

  private textOrNull(value: string | null): void {
    if (value === null) this.writer.ascii('null');
    else writeJsonText(this.writer, value);
  }
}
