import type { TextBytes } from '@tillstream/contracts';
import { grown } from './grown';
import { TextArena } from './text-arena';

const FIRST_SLOTS = 16;

/** A text for each slot, which may be replaced. Not set, it is empty. */
export class Payloads {
  private texts = new TextArena();
  private starts = new Float64Array(FIRST_SLOTS);
  private lengths = new Uint32Array(FIRST_SLOTS);
  /** Slots that may have a text. */
  private size = 0;
  /** Bytes of texts that have not been replaced. */
  private held = 0;

  text(slot: number): string {
    if (slot >= this.size) return '';
    const start = this.starts[slot]!;
    return this.texts.text(start, start + this.lengths[slot]!);
  }

  /** Of the text, in bytes. */
  length(slot: number): number {
    return slot < this.size ? this.lengths[slot]! : 0;
  }

  set(slot: number, text: TextBytes): void {
    const length = text.to - text.from;
    this.held += length - this.length(slot);
    this.starts = grown(this.starts, slot + 1);
    this.lengths = grown(this.lengths, slot + 1);
    this.size = Math.max(this.size, slot + 1);
    this.lengths[slot] = 0;
    if (length > this.texts.room && 2 * this.held < this.texts.length) this.tidy();
    this.starts[slot] = this.texts.length;
    this.lengths[slot] = length;
    this.texts.add(text);
  }

  /** Leaves behind what has been replaced, instead of making room for more of it. */
  private tidy(): void {
    const texts = new TextArena(Math.ceil(this.held * 1.5));
    for (let slot = 0; slot < this.size; slot++) {
      const start = this.starts[slot]!;
      this.starts[slot] = texts.length;
      texts.copy(this.texts, start, start + this.lengths[slot]!);
    }
    this.texts = texts;
  }
}
