/** A piece of a task's state under its own name. */
export interface NamedBytes {
  readonly slice: string;
  readonly bytes: Uint8Array;
}

/** Deltas that outgrow what they describe this many times are replaced by the thing itself. */
const MAX_GROWTH = 4;
/** Below this, replacing is not worth it. */
const MIN_REWRITE_BYTES = 4096;

/** What goes to the checkpoint next. */
export interface DeltaSet {
  readonly deltas: NamedBytes[];
  readonly rewrites: NamedBytes[];
  readonly drops: string[];
}

/** Knows how many bytes of deltas the checkpoint holds under each name, and so when to rewrite and what to drop. */
export class DeltaBook {
  private readonly stored = new Map<string, number>();
  private next: DeltaSet = { deltas: [], rewrites: [], drops: [] };

  /** A delta for a name; `whole` writes all of it, of about `liveBytes`, where that has become cheaper to keep. */
  write(slice: string, delta: Uint8Array, liveBytes: number, whole: () => Uint8Array): void {
    const stored = (this.stored.get(slice) ?? 0) + delta.length;
    if (stored <= Math.max(MAX_GROWTH * liveBytes, MIN_REWRITE_BYTES)) {
      this.next.deltas.push({ slice, bytes: delta });
      this.stored.set(slice, stored);
      return;
    }
    const bytes = whole();
    this.next.rewrites.push({ slice, bytes });
    this.stored.set(slice, bytes.length);
  }

  /** A delta that a checkpoint was loaded with. */
  loaded({ slice, bytes }: NamedBytes): void {
    this.stored.set(slice, (this.stored.get(slice) ?? 0) + bytes.length);
  }

  /** A name is no longer needed. */
  drop(slice: string): void {
    if (this.stored.delete(slice)) this.next.drops.push(slice);
  }

  take(): DeltaSet {
    const taken = this.next;
    this.next = { deltas: [], rewrites: [], drops: [] };
    return taken;
  }
}
