const FIRST_BYTES = 64 * 1024;
/** Frames are cut at rows behind this; the server holds one at a time. */
const FRAME_BYTES = 256 * 1024;
/** Of a frame: its kind and its length. */
const FRAME_HEAD_BYTES = 5;
const COPY_DATA = 0x64; // d
const TWO_TO_32 = 2 ** 32;
/** Texts up to here are written by hand as long as they are ASCII: a call into the engine costs more. */
const SHORT_TEXT = 24;
/** PGCOPY, a mark that no other format has; then flags and the length of an extension, both 0. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');

/** Rows in PostgreSQL's binary COPY format, already in the frames in which they go over the wire. */
export class CopyBuffer {
  private bytes: Buffer;
  private at = 0;
  private frame = 0;

  constructor(expectedBytes = FIRST_BYTES) {
    this.bytes = Buffer.allocUnsafe(Math.max(FIRST_BYTES, expectedBytes));
    this.beginFrame();
    this.raw(SIGNATURE);
  }

  beginRow(columns: number): void {
    if (this.at - this.frame > FRAME_BYTES) {
      this.endFrame();
      this.beginFrame();
    }
    this.room(2);
    this.at = this.bytes.writeInt16BE(columns, this.at);
  }

  /** Everything, with the mark of its end. Nothing can be added any more. */
  finish(): Buffer {
    this.room(2);
    this.at = this.bytes.writeInt16BE(-1, this.at);
    this.endFrame();
    return this.bytes.subarray(0, this.at);
  }

  null(): void {
    this.int32(-1);
  }

  bool(value: boolean): void {
    this.int32(1);
    this.room(1);
    this.bytes[this.at++] = value ? 1 : 0;
  }

  /** int8: a safe integer. */
  int64(value: number): void {
    const high = Math.floor(value / TWO_TO_32);
    this.room(12);
    this.at = this.bytes.writeInt32BE(8, this.at);
    this.at = this.bytes.writeInt32BE(high, this.at);
    this.at = this.bytes.writeUInt32BE(value - high * TWO_TO_32, this.at);
  }

  /** int8 beyond what a number holds. */
  bigInt64(value: bigint): void {
    this.room(12);
    this.at = this.bytes.writeInt32BE(8, this.at);
    this.at = this.bytes.writeBigInt64BE(value, this.at);
  }

  double(value: number): void {
    this.room(12);
    this.at = this.bytes.writeInt32BE(8, this.at);
    this.at = this.bytes.writeDoubleBE(value, this.at);
  }

  text(value: string): void {
    this.room(4 + 3 * value.length);
    const start = this.at + 4;
    const length = this.shortText(value, start) ?? this.bytes.write(value, start, 'utf8');
    this.bytes.writeInt32BE(length, this.at);
    this.at = start + length;
  }

  blob(value: Uint8Array): void {
    this.int32(value.length);
    this.raw(value);
  }

  /** A value whose length is known when it has been written. */
  sized(write: () => void): void {
    const head = this.at;
    this.int32(0);
    write();
    this.bytes.writeInt32BE(this.at - head - 4, head);
  }

  byte(value: number): void {
    this.room(1);
    this.bytes[this.at++] = value;
  }

  int16(value: number): void {
    this.room(2);
    this.at = this.bytes.writeInt16BE(value, this.at);
  }

  int32(value: number): void {
    this.room(4);
    this.at = this.bytes.writeInt32BE(value, this.at);
  }

  /** Without its length. */
  bareText(value: string): void {
    this.room(3 * value.length);
    this.at += this.bytes.write(value, this.at, 'utf8');
  }

  private raw(value: Uint8Array): void {
    this.room(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** Null: too long for it, or not ASCII. */
  private shortText(value: string, start: number): number | null {
    const { length } = value;
    if (length > SHORT_TEXT) return null;
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return null;
      this.bytes[start + i] = code;
    }
    return length;
  }

  private beginFrame(): void {
    this.frame = this.at;
    this.room(FRAME_HEAD_BYTES);
    this.bytes[this.at] = COPY_DATA;
    this.at += FRAME_HEAD_BYTES;
  }

  private endFrame(): void {
    this.bytes.writeInt32BE(this.at - this.frame - 1, this.frame + 1);
  }

  private room(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.at + bytes));
    this.bytes.copy(grown, 0, 0, this.at);
    this.bytes = grown;
  }
}
