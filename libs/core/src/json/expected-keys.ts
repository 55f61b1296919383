import { WORD_SLACK } from '../hash/word-slack';

import { STRING, TIMESTAMP } from './field-types';
import type { MemberTree } from './member-tree';

/** How a row is laid out: without spaces, or with one behind each comma and colon. */
export const COMPACT = 0;
export const SPACED = 1;
const STYLES = 2;

/** No field: what follows one that nothing is known to follow. */
export const NO_FIELD = -1;

/** Of expected members that are not there, so many are tried before the key is looked up: optional fields that are left out. */
const TRIES = 4;

/**
 * Everything that stands between two values when the next member is the expected one: `,"price":` or, for texts,
 * `,"country":"`. Comparing it costs a few words; the key, the colon and the quote need no look of their own then.
 *
 * Expected is the field that followed the last time: a field of the same object, as what precedes one is noted as a place
 * in its object (see `placeBehind`).
 */
export class ExpectedKeys {
  /** The field that was found to stand at a position, and the position of its value. */
  slot = NO_FIELD;
  private style = COMPACT;
  private readonly fields: number;
  /** Slot of the field that followed, by place: a field's slot, an object's (its beginning), and behind those the objects' ends. */
  private readonly followers: Int16Array;
  /** By style, for a first member or a later one, and by slot. */
  private readonly lengths: Int32Array;
  private readonly starts: Int32Array;
  private readonly view: DataView;

  constructor(
    private readonly tree: MemberTree,
    types: Uint8Array,
  ) {
    this.fields = tree.fields;
    this.followers = new Int16Array(tree.fields + 2 * tree.objects.length).fill(NO_FIELD);
    const texts: Uint8Array[] = [];
    for (const space of ['', ' ']) {
      for (const before of ['', `,${space}`]) {
        tree.keys.forEach((name, slot) => {
          const quoted = types[slot] === STRING || types[slot] === TIMESTAMP;
          texts.push(new TextEncoder().encode(`${before}${JSON.stringify(name)}:${space}${quoted ? '"' : ''}`));
        });
      }
    }
    this.lengths = Int32Array.from(texts, ({ length }) => length);
    this.starts = new Int32Array(texts.length);
    const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + length, WORD_SLACK));
    let at = 0;
    texts.forEach((text, i) => {
      this.starts[i] = at;
      bytes.set(text, at);
      at += text.length;
    });
    this.view = new DataView(bytes.buffer);
  }

  /**
   * The position of the value of the expected member, whose slot is then in `slot`; -1 when something else stands at `p`.
   * Needs words of `view` up to `limit`.
   *
   * @param last place of the declared member before it: members that are not declared may stand between
   * @param isFirst `p` is behind the brace that opens the object: no comma stands before the member
   */
  match(last: number, isFirst: boolean, view: DataView, p: number, limit: number): number {
    const { followers, fields, lengths } = this;
    const texts = (STYLES * this.style + (isFirst ? 0 : 1)) * fields;
    let slot = followers[last] as number;
    for (let tries = 0; slot !== NO_FIELD && tries < TRIES; tries++) {
      const text = texts + slot;
      const behind = p + (lengths[text] as number);
      if (behind <= limit && this.standsAt(text, view, p)) {
        this.slot = slot;
        return behind;
      }
      slot = followers[slot] as number;
    }
    return -1;
  }

  /** Notes that the field `slot` followed the place `last`, in which style. */
  learn(last: number, slot: number, style: number): void {
    this.followers[last] = slot;
    this.style = style;
  }

  /** The place behind the object of a slot. */
  placeBehind(object: number): number {
    return object + this.tree.objects.length;
  }

  /**
   * Compares eight bytes at a time, as doubles: of the same bits they are equal unless they are no numbers, and of other bits
   * they differ unless both are zeros. ASCII is neither.
   */
  private standsAt(text: number, view: DataView, at: number): boolean {
    const length = this.lengths[text] as number;
    const start = this.starts[text] as number;
    const own = this.view;
    if (length < 8) {
      // At least four bytes: `"a":`.
      return (
        view.getInt32(at, true) === own.getInt32(start, true) &&
        view.getInt32(at + length - 4, true) === own.getInt32(start + length - 4, true)
      );
    }
    const last = length - 8;
    for (let i = 0; i < last; i += 8) {
      if (view.getFloat64(at + i, true) !== own.getFloat64(start + i, true)) return false;
    }
    return view.getFloat64(at + last, true) === own.getFloat64(start + last, true);
  }
}
