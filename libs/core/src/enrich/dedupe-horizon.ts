import type { DedupeBounds } from '../stream/schema';

const WORDS = 4;
const INITIAL_CAPACITY = 1024;

/**
 * Which 128-bit hashes stood in the rows of one partition so far, within two bounds: at most `withinMs` of append time
 * and at most `maxRows` rows earlier. Of a hash that stood more than once the latest counts, which is the nearest in both
 * measures: so the answer depends on the rows alone, whether they were accepted or not, and can be rebuilt from them.
 *
 * A ring of entries in row order, and an index with open addressing over it. Memory grows with what lies within the
 * bounds, 48 bytes a row, and is bounded by `maxRows` and one record.
 */
export class DedupeHorizon {
  private capacity = INITIAL_CAPACITY;
  private hashes = new Int32Array(WORDS * INITIAL_CAPACITY);
  private rows = new Float64Array(INITIAL_CAPACITY);
  private appends = new Float64Array(INITIAL_CAPACITY);
  /** Pairs of a tag (never 0) and an entry; at most half full. */
  private index = new Int32Array(4 * INITIAL_CAPACITY);
  private indexMask = 2 * INITIAL_CAPACITY - 1;
  /** Entries are numbered for ever (modulo 2^32) and lie in the ring at their number modulo its capacity. */
  private head = 0;
  private tail = 0;
  /** Rows seen before the current record, and its append time. */
  private readonly now = new Float64Array(2);
  /** The first entry of the current record, and what each of its entries took the place of. */
  private recordHead = 0;
  private replaced = new Int32Array(64);

  constructor(private readonly bounds: DedupeBounds) {}

  /** Entries held, superseded ones included. */
  get size(): number {
    return (this.head - this.tail) | 0;
  }

  /**
   * Begins a record: `rowsSeen` rows stand before it, `appendMs` is the running maximum of append times with its own.
   * Neither may go back. Forgets what is out of bounds for all rows from here on.
   */
  beginRecord(rowsSeen: number, appendMs: number): void {
    this.now[0] = rowsSeen;
    this.now[1] = appendMs;
    while (this.tail !== this.head && !this.isWithin(this.tail & (this.capacity - 1), rowsSeen + 1))
      this.forgetOldest();
    this.recordHead = this.head;
  }

  /** Whether the hash at bytes[at, at + 16) of `view` stood within the bounds before the current record. */
  has(view: DataView, at: number): boolean {
    const cell = this.find(view, at);
    if (this.index[cell] === 0) return false;
    return this.isWithin((this.index[cell + 1] as number) & (this.capacity - 1), (this.now[0] as number) + 1);
  }

  /**
   * Puts the hash of the row at `place` among the current record's rows, and says whether it stood within the bounds
   * before, in this record or earlier ones.
   */
  take(view: DataView, at: number, place: number): boolean {
    if (this.size === this.capacity) this.grow();
    const mask = this.capacity - 1;
    const row = (this.now[0] as number) + 1 + place;
    const cell = this.find(view, at);
    const entry = this.head;
    const known = this.index[cell] !== 0;
    const before = this.index[cell + 1] as number;
    const stood = known && this.isWithin(before & mask, row);
    this.noteReplaced(known, before);

    const slot = entry & mask;
    for (let word = 0; word < WORDS; word++) this.hashes[WORDS * slot + word] = view.getInt32(at + 4 * word, true);
    this.rows[slot] = row;
    this.appends[slot] = this.now[1] as number;
    this.index[cell] = tagOf(view.getInt32(at, true));
    this.index[cell + 1] = entry;
    this.head = (entry + 1) | 0;
    return stood;
  }

  /** Forgets everything that was taken since `beginRecord`. */
  rollback(): void {
    const mask = this.capacity - 1;
    while (this.head !== this.recordHead) {
      this.head = (this.head - 1) | 0;
      const cell = this.cellOf(this.head & mask);
      const place = 2 * ((this.head - this.recordHead) | 0);
      if (this.replaced[place] === 1) this.index[cell + 1] = this.replaced[place + 1] as number;
      else this.remove(cell);
    }
  }

  private isWithin(slot: number, row: number): boolean {
    const { bounds, now } = this;
    return (
      row - (this.rows[slot] as number) <= bounds.maxRows &&
      (now[1] as number) - (this.appends[slot] as number) <= bounds.withinMs
    );
  }

  private noteReplaced(known: boolean, before: number): void {
    const place = 2 * ((this.head - this.recordHead) | 0);
    if (place >= this.replaced.length) {
      const larger = new Int32Array(2 * this.replaced.length);
      larger.set(this.replaced);
      this.replaced = larger;
    }
    this.replaced[place] = known ? 1 : 0;
    this.replaced[place + 1] = before;
  }

  /** The cell of the index that holds the hash, or the empty one where it belongs. */
  private find(view: DataView, at: number): number {
    const first = view.getInt32(at, true);
    const tag = tagOf(first);
    const mask = this.capacity - 1;
    let cell = tag & this.indexMask;
    for (;;) {
      const found = this.index[2 * cell] as number;
      if (found === 0) return 2 * cell;
      if (found === tag) {
        const word = WORDS * ((this.index[2 * cell + 1] as number) & mask);
        if (
          this.hashes[word] === first &&
          this.hashes[word + 1] === view.getInt32(at + 4, true) &&
          this.hashes[word + 2] === view.getInt32(at + 8, true) &&
          this.hashes[word + 3] === view.getInt32(at + 12, true)
        ) {
          return 2 * cell;
        }
      }
      cell = (cell + 1) & this.indexMask;
    }
  }

  /** The cell that holds the hash of a slot; every slot between tail and head has one, of itself or a later entry. */
  private cellOf(slot: number): number {
    const word = WORDS * slot;
    const tag = tagOf(this.hashes[word] as number);
    const mask = this.capacity - 1;
    for (let cell = tag & this.indexMask; ; cell = (cell + 1) & this.indexMask) {
      if (this.index[2 * cell] !== tag) continue;
      const other = WORDS * ((this.index[2 * cell + 1] as number) & mask);
      if (
        this.hashes[other] === this.hashes[word] &&
        this.hashes[other + 1] === this.hashes[word + 1] &&
        this.hashes[other + 2] === this.hashes[word + 2] &&
        this.hashes[other + 3] === this.hashes[word + 3]
      ) {
        return 2 * cell;
      }
    }
  }

  private forgetOldest(): void {
    const cell = this.cellOf(this.tail & (this.capacity - 1));
    // A later entry of the same hash has taken its place: it stays.
    if (this.index[cell + 1] === this.tail) this.remove(cell);
    this.tail = (this.tail + 1) | 0;
  }

  /** Empties a cell and moves up those behind it that would no longer be found. */
  private remove(emptied: number): void {
    const { index, indexMask } = this;
    let hole = emptied >> 1;
    for (let cell = (hole + 1) & indexMask; index[2 * cell] !== 0; cell = (cell + 1) & indexMask) {
      const home = (index[2 * cell] as number) & indexMask;
      if (((cell - home) & indexMask) < ((cell - hole) & indexMask)) continue;
      index[2 * hole] = index[2 * cell] as number;
      index[2 * hole + 1] = index[2 * cell + 1] as number;
      hole = cell;
    }
    index[2 * hole] = 0;
  }

  private grow(): void {
    const { capacity, hashes, rows, appends, index } = this;
    const larger = 2 * capacity;
    this.hashes = new Int32Array(WORDS * larger);
    this.rows = new Float64Array(larger);
    this.appends = new Float64Array(larger);
    for (let entry = this.tail; entry !== this.head; entry = (entry + 1) | 0) {
      const from = entry & (capacity - 1);
      const to = entry & (larger - 1);
      for (let word = 0; word < WORDS; word++) this.hashes[WORDS * to + word] = hashes[WORDS * from + word] as number;
      this.rows[to] = rows[from] as number;
      this.appends[to] = appends[from] as number;
    }
    this.capacity = larger;
    this.index = new Int32Array(4 * larger);
    this.indexMask = 2 * larger - 1;
    for (let cell = 0; cell < index.length; cell += 2) {
      if (index[cell] === 0) continue;
      let free = (index[cell] as number) & this.indexMask;
      while (this.index[2 * free] !== 0) free = (free + 1) & this.indexMask;
      this.index[2 * free] = index[cell] as number;
      this.index[2 * free + 1] = index[cell + 1] as number;
    }
  }
}

function tagOf(word: number): number {
  return word === 0 ? 1 : word;
}
