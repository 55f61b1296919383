import type { Expression } from '../expression/ast';

/** Types a field of an event can have. `money` is an integer number of minor units, never a float. */
export type FieldType = 'string' | 'int' | 'double' | 'money' | 'bool' | 'timestamp';

/** One declared field of a stream's events. */
export interface Field {
  /** Column number on the wire, from 1 in order of declaration. Never used for another field. */
  readonly number: number;
  /** What expressions, groups and results call it. Where there is no `path` it is the path too. */
  readonly name: string;
  /** Where its value stands in an event: keys with dots between them, from the event itself on. */
  readonly path?: string;
  readonly type: FieldType;
  /** May be absent or null in an event. */
  readonly optional: boolean;
  /** String columns with few distinct values are coded through a dictionary in each batch. */
  readonly dictionary: boolean;
  /** What producers write → the canonical value; applied before `values`. */
  readonly aliases: ReadonlyMap<string, string>;
  /** The only values accepted (after aliases); null: any. */
  readonly values: ReadonlySet<string> | null;
  /** What an absent or null value becomes, computed from the row's other fields, where `where` holds. */
  readonly default: { readonly value: Expression; readonly where: Expression | null } | null;
}

/** Ids are remembered for at most `withinMs` of append time and at most `maxRows` rows of the partition. */
export interface DedupeBounds {
  readonly withinMs: number;
  readonly maxRows: number;
}

/** When an event happened, and how its stream treats time. */
export interface EventTimeSpec {
  readonly field: string;
  readonly outOfOrdernessMs: number;
  /** An event further than this beyond its record's append time is a dead letter. */
  readonly futureToleranceMs: number;
  /** A caught-up partition whose watermark input has not moved for so long no longer holds the others. */
  readonly idleAfterMs: number;
}

/** A stream as declared, after validation: everything the services agree on. */
export interface StreamSchema {
  readonly stream: string;
  readonly partitions: number;
  /** The first of these fields that is present (not null, not empty) is the event's key. */
  readonly key: readonly string[];
  /** Field that identifies an event, or null for a stream without ids. */
  readonly id: string | null;
  readonly dedupe: DedupeBounds;
  readonly eventTime: EventTimeSpec;
  /** ISO 4217 code and the number of decimal digits of its minor unit. */
  readonly money: { readonly currency: string; readonly exponent: number };
  readonly fields: readonly Field[];
}
