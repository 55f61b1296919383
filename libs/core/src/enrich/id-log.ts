import { ID_HASH_BYTES, ID_HASH_SEED, murmur3x128 } from '../hash/murmur3';
import { WORD_SLACK } from '../hash/word-slack';
import { copiedTo } from '../windowing/grow';

const INITIAL_IDS = 256;

/** Collects the hashes of ids, and which rows of their records they belong to. */
export class IdLog {
  count = 0;
  view: DataView;
  private bytes = new Uint8Array(ID_HASH_BYTES * INITIAL_IDS + WORD_SLACK);
  private places = new Uint32Array(INITIAL_IDS);
  /** How many ids have rows without id before them in their record. */
  private displaced = 0;
  private recordCount = 0;
  private recordDisplaced = 0;

  constructor() {
    this.view = new DataView(this.bytes.buffer);
  }

  /** Ids of the current record. */
  get inRecord(): number {
    return this.count - this.recordCount;
  }

  beginRecord(): void {
    this.recordCount = this.count;
    this.recordDisplaced = this.displaced;
  }

  /** Hashes the id source[start, end) of the valid row at `place` of its record. Returns where the hash is in `view`. */
  add(source: Uint8Array, start: number, end: number, place: number): number {
    if (this.count === this.places.length) this.grow();
    if (place !== this.inRecord) this.displaced++;
    this.places[this.count] = place;
    const at = ID_HASH_BYTES * this.count++;
    murmur3x128(source, start, end, ID_HASH_SEED, this.view, at);
    return at;
  }

  rollback(): void {
    this.count = this.recordCount;
    this.displaced = this.recordDisplaced;
  }

  /** The hashes as a copy, and the places where they do not go without saying; empty afterwards. */
  finish(): { ids: Uint8Array; idRows: Uint32Array | null } {
    const { count, displaced } = this;
    this.count = 0;
    this.displaced = 0;
    return {
      ids: this.bytes.slice(0, ID_HASH_BYTES * count),
      idRows: displaced === 0 ? null : this.places.slice(0, count),
    };
  }

  private grow(): void {
    this.bytes = copiedTo(new Uint8Array(2 * ID_HASH_BYTES * this.count + WORD_SLACK), this.bytes);
    this.view = new DataView(this.bytes.buffer);
    this.places = copiedTo(new Uint32Array(2 * this.places.length), this.places);
  }
}
