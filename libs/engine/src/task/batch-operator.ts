import type { EventBatch } from '@tillstream/core';
import type { FieldChanges } from '../ports/checkpoint-store';
import type { RecordHeaders } from '../ports/log';

/** What a slice's delta holds; its range is that of the checkpoint. */
export interface SliceChange {
  readonly slice: string;
  readonly bytes: Uint8Array;
}

/** What has changed since the last time, for a checkpoint at `next`. */
export interface OperatorChanges {
  readonly state: Uint8Array;
  readonly deltas: readonly SliceChange[];
  readonly rewrites: readonly SliceChange[];
  readonly drops: readonly string[];
  readonly fields?: FieldChanges;
}

/** What a task does with the rows of its partition: no clock and no I/O. */
export interface BatchOperator {
  /** The first raw offset not yet reflected. */
  readonly next: number;
  readonly watermarkInputMs: number;
  readonly maxAppendMs: number;
  /** By name: how long each metric waits for rows that are out of order. Absent: there are no metrics. */
  readonly lateness?: ReadonlyMap<string, number>;
  /** sha256 (hex) of the definition in force at `next`; '' before the first one. */
  readonly definition: string;
  /** Is there something that a fresh task would be without? */
  readonly hasRunOut?: boolean;
  /** Applies the records of a batch with offsets at or beyond `next`. That there is no hole before it is the caller's to check. */
  apply(batch: EventBatch): void;
  /** About how many bytes `takeDeltas` would give now. */
  dirtyBytes(): number;
  takeDeltas(): OperatorChanges;
}

/** Asked when it matters: between the question and the answer something may have come. */
export type CaughtUp = () => boolean;

/** Everything that a task says of what its operator has found. */
export interface BatchOutput<Operator> {
  /** From here on what is said is on behalf of a traced batch. */
  speakFor(headers: RecordHeaders): void;
  /** What was just applied. */
  applied?(batch: EventBatch): void;
  /** Said once, before anything is read. */
  begin(operator: Operator, isCaughtUp: CaughtUp): void;
  /** What is final behind the records that were applied. */
  publishFinals(operator: Operator, isCaughtUp: CaughtUp): Promise<void>;
  /** What is due between batches. */
  publishDue(operator: Operator, isCaughtUp: CaughtUp): Promise<void>;
  /** Milliseconds until something will be due. */
  waits(operator: Operator, isCaughtUp: CaughtUp): number[];
  /** Resolves when all that was said so far is acknowledged. @throws what has kept something out of the log */
  published(): Promise<void>;
  /** @throws what has kept something out of the log: whatever was said after it will never be there */
  assertAlive(): void;
}
