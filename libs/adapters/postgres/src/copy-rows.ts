const FIRST_BYTES = 64 * 1024;
/** A buffer that one large flush has made is not kept for the small ones behind it. */
const KEPT_BYTES = 1024 * 1024;
/** The server holds a frame at a time. */
const FRAME_BYTES = 256 * 1024;
/** Before each row the number of its columns, before each value its length. */
const COUNT_BYTES = 2;
const LENGTH_BYTES = 4;
const COPY_DATA = 0x64; // d
const TWO_TO_32 = 2 ** 32;
/** Bytes up to here are copied by hand, and texts as long as they are ASCII: a call into the engine costs more. */
const SHORT = 24;
/** PGCOPY, a mark that no other format has; then flags and the length of an extension, both 0. */
const HEAD = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TAIL = Buffer.from([0xff, 0xff]);

/** Rows in PostgreSQL's binary COPY format. Any of them can be sent, as often as it takes. */
export class CopyRows {
  private bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  private view = viewOf(this.bytes);
  private at = 0;
  /** Where each row begins. */
  private starts: number[] = [];

  get count(): number {
    return this.starts.length;
  }

  get size(): number {
    return this.at;
  }

  clear(): void {
    this.at = 0;
    this.starts = [];
    if (this.bytes.length > KEPT_BYTES) this.resize(FIRST_BYTES);
  }

  /** What goes over the wire for these rows, in frames of CopyData. @param rows ascending */
  frames(rows: readonly number[]): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const send = (bytes: Uint8Array): void => void frames.push(frameHead(bytes.length), bytes);
    send(HEAD);
    for (let i = 0; i < rows.length;) {
      const first = i;
      const from = this.starts[rows[i] as number] as number;
      let to = from;
      // As far as rows follow each other, and a frame goes.
      do to = this.starts[(rows[i++] as number) + 1] ?? this.at;
      while (i < rows.length && rows[i] === (rows[first] as number) + (i - first) && to - from < FRAME_BYTES);
      send(this.bytes.subarray(from, to));
    }
    send(TAIL);
    return frames;
  }

  /** Of a row that begins with a text and an int8: these. */
  headOf(row: number): { readonly text: string; readonly integer: number } {
    const start = (this.starts[row] as number) + COUNT_BYTES + LENGTH_BYTES;
    const end = start + this.view.getInt32(start - LENGTH_BYTES);
    const at = end + LENGTH_BYTES;
    const integer = this.view.getInt32(at) * TWO_TO_32 + this.view.getUint32(at + 4);
    return { text: this.bytes.toString('utf8', start, end), integer };
  }

  beginRow(columns: number): void {
    this.starts.push(this.at);
    this.int16(columns);
  }

  null(): void {
    this.int32(-1);
  }

  bool(value: boolean): void {
    this.int32(1);
    this.byte(value ? 1 : 0);
  }

  /** int8: a safe integer. */
  int64(value: number): void {
    const high = Math.floor(value / TWO_TO_32);
    this.int32(8);
    this.int32(high);
    this.int32(value - high * TWO_TO_32);
  }

  /** int8 beyond what a number holds. */
  bigInt64(value: bigint): void {
    this.int32(8);
    this.room(8);
    this.view.setBigInt64(this.at, value);
    this.at += 8;
  }

  double(value: number): void {
    this.int32(8);
    this.room(8);
    this.view.setFloat64(this.at, value);
    this.at += 8;
  }

  text(value: string): void {
    this.room(4 + 3 * value.length);
    const start = this.at + 4;
    const length = this.shortText(value, start) ?? this.bytes.write(value, start, 'utf8');
    this.view.setInt32(this.at, length);
    this.at = start + length;
  }

  /** A part of an array: of bytea, or of text in UTF-8. */
  part(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    this.int32(length);
    this.room(length);
    if (length > SHORT) this.bytes.set(from.subarray(start, end), this.at);
    else for (let i = 0; i < length; i++) this.bytes[this.at + i] = from[start + i] as number;
    this.at += length;
  }

  /** A value whose length is known when it has been written. */
  sized(write: () => void): void {
    const head = this.at;
    this.int32(0);
    write();
    this.view.setInt32(head, this.at - head - 4);
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  int16(value: number): void {
    this.room(2);
    this.view.setInt16(this.at, value);
    this.at += 2;
  }

  int32(value: number): void {
    this.room(4);
    this.view.setInt32(this.at, value);
    this.at += 4;
  }

  /** Without its length. */
  bareText(value: string): void {
    this.room(3 * value.length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  /** Null: too long for it, or not ASCII. */
  private shortText(value: string, start: number): number | null {
    const { length } = value;
    if (length > SHORT) return null;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return null;
      this.bytes[start + i] = code;
    }
    return length;
  }

  private room(bytes: number): void {
    if (this.at + bytes > this.bytes.length) this.resize(Math.max(2 * this.bytes.length, this.at + bytes));
  }

  private resize(bytes: number): void {
    const next = Buffer.allocUnsafe(bytes);
    this.bytes.copy(next, 0, 0, this.at);
    this.bytes = next;
    this.view = viewOf(next);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

function frameHead(bytes: number): Uint8Array {
  const head = Buffer.allocUnsafe(5);
  head[0] = COPY_DATA;
  head.writeInt32BE(bytes + 4, 1);
  return head;
}
