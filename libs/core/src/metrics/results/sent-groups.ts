import type { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import type { SentBefore } from './result-builder';

const writer = new ByteWriter();

/**
 * Which groups of which open windows have been sent with `having` satisfied: they must be retracted when they no longer
 * are. Groups are slots, which live at least as long as the windows that hold them are open.
 */
export class SentGroups {
  private readonly sent = new Map<number, Set<number>>();
  private unsaved = new Map<number, Set<number>>();

  /** What was sent for one window. */
  of(window: number): SentBefore {
    return {
      has: (slot) => this.sent.get(window)?.has(slot) ?? false,
      update: (slot, satisfied) => this.set(window, slot, satisfied),
    };
  }

  /** A window has closed. */
  drop(window: number): void {
    this.sent.delete(window);
    this.unsaved.delete(window);
  }

  get unsavedCount(): number {
    let count = 0;
    for (const slots of this.unsaved.values()) count += slots.size;
    return count;
  }

  get size(): number {
    return this.sent.size;
  }

  /** Windows with changes that the checkpoint does not have. */
  unsavedWindows(): Iterable<number> {
    return this.unsaved.keys();
  }

  clearUnsaved(): void {
    this.unsaved = new Map();
  }

  /** Number of groups sent for a window. */
  countOf(window: number): number {
    return this.sent.get(window)?.size ?? 0;
  }

  /** Writes what changed for a window, or (`all`) everything. */
  encode(window: number, extent: 'changes' | 'all', writeKey: (slot: number, writer: ByteWriter) => void): Uint8Array {
    const sent = this.sent.get(window);
    const slots = (extent === 'all' ? sent : this.unsaved.get(window)) ?? new Set<number>();
    writer.clear();
    writer.count(slots.size);
    for (const slot of slots) {
      writer.byte(sent?.has(slot) ? 1 : 0);
      writeKey(slot, writer);
    }
    return writer.toBytes();
  }

  /** Takes over what `encode` wrote; `slotOf` reads a group and finds its slot, or -1 where no open slice holds it. */
  restore(window: number, reader: ByteReader, slotOf: (reader: ByteReader) => number): void {
    for (let left = reader.count(); left > 0; left--) {
      const satisfied = reader.byte() === 1;
      const slot = slotOf(reader);
      if (slot >= 0) this.apply(window, slot, satisfied);
    }
    reader.finish();
  }

  private set(window: number, slot: number, satisfied: boolean): void {
    if (this.of(window).has(slot) === satisfied) return;
    this.apply(window, slot, satisfied);
    const changed = this.unsaved.get(window);
    if (changed) changed.add(slot);
    else this.unsaved.set(window, new Set([slot]));
  }

  private apply(window: number, slot: number, satisfied: boolean): void {
    const sent = this.sent.get(window);
    if (!satisfied) sent?.delete(slot);
    else if (sent) sent.add(slot);
    else this.sent.set(window, new Set([slot]));
  }
}
