/** What a commit must match to be taken. Random values, not counters: a rolled-back counter is handed out twice. */
export interface Fence {
  /** Random at creation of the checkpoint: another value means another incarnation of the store. */
  readonly inc: string;
  /** Random at the owner's claim. */
  readonly token: string;
  /** Raw position the commit starts from. */
  readonly next: number;
}

/** Changes of one slice over a raw range; absolute values, so that a repeated or overlapping delta does no harm. */
export interface SliceDelta {
  readonly slice: string;
  readonly rawFrom: number;
  readonly rawNext: number;
  readonly bytes: Uint8Array;
}

/** A value of its own beside the slices, such as all that is kept of one user. */
export interface FieldPut {
  readonly field: Uint8Array;
  readonly bytes: Uint8Array;
}

/**
 * Changes of fields. Puts are written before the position moves, a portion at a time: of a commit that was not taken some of
 * them may be seen, so each says by itself what is in it, as of which position. Drops are carried out behind the move: some may
 * never be, so whoever loads knows what is no longer needed.
 */
export interface FieldChanges {
  readonly puts: readonly FieldPut[];
  readonly drops: readonly Uint8Array[];
}

export interface Commit {
  readonly fence: Fence;
  /** Raw position after the commit. */
  readonly next: number;
  /** Offset in the task's input topic where reading goes on. */
  readonly seek: number;
  /** The task's scalars (watermark input, …), opaque to the store. */
  readonly state: Uint8Array;
  readonly deltas: readonly SliceDelta[];
  /** Slices whose whole list of deltas is replaced by this one. */
  readonly rewrites: readonly SliceDelta[];
  /** Slices that are no longer needed. */
  readonly drops: readonly string[];
  readonly fields?: FieldChanges;
}

/** A checkpoint as claimed: everything but the slices and fields. */
export interface ClaimedCheckpoint {
  readonly inc: string;
  readonly next: number;
  readonly seek: number;
  readonly state: Uint8Array;
}

/** One field, and the checkpoint it belongs to, as both were at one moment. */
export interface FieldReading {
  readonly next: number;
  readonly state: Uint8Array;
  /** Null: there is no such field. */
  readonly bytes: Uint8Array | null;
}

/**
 * - `committed`: written.
 * - `mine-already`: this very commit was applied before (a re-sent request): success.
 * - `not-mine`: another owner has claimed the task.
 * - `rolled-back`: the store has gone back to an older state (or another incarnation): reload and seek.
 * - `never-seen`: the store knows nothing of the task: rebuild.
 */
export type CommitOutcome = 'committed' | 'mine-already' | 'not-mine' | 'rolled-back' | 'never-seen';

/**
 * Checkpoints of tasks. The engine owns this interface. The store may lose, roll back or repeat what it was given at
 * any time; what it may not do is take a commit whose fence does not match.
 */
export interface CheckpointStore {
  /** Takes the task over: commits under an older token are refused from here on. Null: the store knows nothing of it. */
  claim(task: string, token: string): Promise<ClaimedCheckpoint | null>;
  /** Creates the checkpoint of a task that is not known, owned by `token`; what is known already is kept: false. */
  create(task: string, token: string, checkpoint: ClaimedCheckpoint): Promise<boolean>;
  /**
   * All deltas of the task in the order of their commits, slice by slice, but for those with rawNext > `next` (what a
   * commit that failed half-way left behind). Streams, so that a large state is never held twice. It is that of the claim
   * only as long as nothing else happens to the store: whoever has loaded it claims once more, and starts again when `inc` or
   * `next` have changed.
   */
  load(task: string, next: number): AsyncIterable<SliceDelta>;
  /**
   * All fields of the task, in any order, some at a time; one may come twice. As with `load`, they are those of the claim only
   * as long as nothing else happens to the store.
   */
  loadFields(task: string): AsyncIterable<readonly FieldPut[]>;
  /** For those who only look: takes nothing over. Null: the store knows nothing of the task. */
  readField(task: string, field: Uint8Array): Promise<FieldReading | null>;
  /** All or nothing as far as `claim` and `load` can see; of fields see `FieldChanges`. */
  commit(task: string, commit: Commit): Promise<CommitOutcome>;
  /** Counts another start at the same position, for poison records; forgotten when the position moves. */
  countAttempt(task: string, next: number): Promise<number>;
}
