import type { SavedTracker, TrackerChanges } from '@tillstream/core';

type Piece = TrackerChanges['deltas'][number];
type Put = TrackerChanges['fields']['puts'][number];

/** A checkpoint of a tracker that nobody but its own process needs. */
export class KeptVisits {
  private state: Uint8Array = new Uint8Array(0);
  private readonly slices = new Map<string, Piece[]>();
  private readonly fields = new Map<string, Put>();

  take({ state, deltas, rewrites, drops, fields }: TrackerChanges): void {
    this.state = state;
    for (const piece of deltas) this.slices.set(piece.slice, [...(this.slices.get(piece.slice) ?? []), piece]);
    for (const piece of rewrites) this.slices.set(piece.slice, [piece]);
    for (const slice of drops) this.slices.delete(slice);
    for (const put of fields.puts) this.fields.set(nameOf(put.field), put);
    for (const field of fields.drops) this.fields.delete(nameOf(field));
  }

  /** @param next raw position at which the newest was taken */
  saved(next: number): SavedTracker {
    return { next, state: this.state, deltas: [...this.slices.values()].flat(), fields: this.fields.values() };
  }
}

function nameOf(field: Uint8Array): string {
  return Buffer.from(field).toString('latin1');
}
