import { createHash } from 'node:crypto';
import { RawEnricher, RecordSplitter, emptyPosition } from '@tillstream/core';
import type { RawRecord } from '@tillstream/core';
import type { CopyPlace, StreamDefinition } from '@tillstream/contracts';
import { HEADER, copiedHeader, decodeRawRecord, encodeControl } from '@tillstream/contracts';
import type { LogRecord, NewRecord } from '../ports/log';

/** What a copy appends to one partition of the next generation. */
export interface Copied {
  readonly partition: number;
  readonly place: CopyPlace;
  readonly record: NewRecord;
}

/** Decisions that are facts about the events themselves. Others belong to the generation in which they were taken. */
const CARRIED = new Set(['advance', 'catalog', 'other']);
const BATCH_ID_BYTES = 16;

/**
 * What one raw partition becomes in a generation with more partitions: a function of its log alone, so that whoever begins again says
 * the same.
 *
 * Everything that is decided about an event is decided there as it was here, since all that decides is carried along: the records
 * in their order, their append times, and, before a row that might be late, how far time had come here. There it would have come
 * less far, with fewer events, and the row would count in a window that is told to be without it.
 */
export class PartitionCopy {
  readonly targets: readonly number[];
  private readonly splitter: RecordSplitter;
  private readonly enricher: RawEnricher;
  private readonly patienceMs: number;
  private maxAppendMs = -Infinity;
  private next: number;
  /** How far time has been told to have come, by partition. */
  private readonly told = new Map<number, number>();

  /**
   * @param begin first offset that the partition still has
   */
  constructor(
    from: StreamDefinition,
    private readonly to: StreamDefinition,
    private readonly partition: number,
    begin: number,
  ) {
    const { schema } = from;
    this.splitter = new RecordSplitter(schema, partition, to.schema.partitions);
    this.targets = this.splitter.targets;
    this.enricher = new RawEnricher({ schema, partition, next: begin, position: emptyPosition() });
    this.patienceMs = leastOutOfOrderness(from);
    this.next = begin;
  }

  /** How far time has come, as the enricher of this partition says it. */
  get watermarkInputMs(): number {
    return this.enricher.position.watermarkInputMs;
  }

  /** First offset that has not been copied. */
  get position(): number {
    return this.next;
  }

  /** Begins each partition: its stream file is in force, and nothing is decided by idleness until all has been copied. */
  opening(appendMs: number): readonly NewRecord[] {
    const decisions = [{ kind: 'definition', sha256: this.to.sha256 } as const, { kind: 'hold' } as const];
    return decisions.map((decision) => ({ ...encodeControl(decision), timestampMs: appendMs }));
  }

  /** Ends each partition: time has come as far as it had here, and is again decided by idleness. */
  closing(): readonly NewRecord[] {
    const toMs = this.watermarkInputMs;
    const advance = Number.isFinite(toMs) ? [encodeControl({ kind: 'advance', toMs })] : [];
    return [...advance, encodeControl({ kind: 'release' })];
  }

  /** @param records that follow those of the last call */
  copy(records: readonly LogRecord[]): Copied[] {
    const raw = records.filter(({ offset }) => offset >= this.next).map(decodeRawRecord);
    const copied: Copied[] = [];
    let rest: readonly RawRecord[] = raw;
    while (rest.length > 0) {
      let inputMs = this.watermarkInputMs;
      const { batch, consumed } = this.enricher.apply(rest);
      for (let i = 0; i < consumed; i++) {
        copied.push(...this.copiesOf(rest[i] as RawRecord, inputMs));
        inputMs = batch.records.inputAfterMs[i] as number;
      }
      rest = rest.slice(consumed);
    }
    this.next = (raw.at(-1)?.offset ?? this.next - 1) + 1;
    return copied;
  }

  private copiesOf(record: RawRecord, inputMs: number): Copied[] {
    // Those that came after the clock of a broker had gone back are as new as what came before them, here and there.
    this.maxAppendMs = Math.max(this.maxAppendMs, record.appendMs);
    const parts = new Map<number, number>();
    const place = (partition: number): CopyPlace => {
      const part = parts.get(partition) ?? 0;
      parts.set(partition, part + 1);
      return { partition: this.partition, offset: record.offset, part };
    };
    const { control } = record;
    if (control !== null) {
      if (!CARRIED.has(control.kind)) return [];
      return this.targets.map((partition) => {
        const at = place(partition);
        const headers = { [HEADER.control]: Buffer.from(control.kind), ...copiedHeader(at) };
        return { partition, place: at, record: this.stamped({ key: null, value: record.value, headers }) };
      });
    }
    const shares = new Map<number, number>();
    return this.splitter.split(record, this.maxAppendMs).flatMap(({ partition, value, oldestMs }) => {
      const copies: Copied[] = [];
      if (oldestMs < inputMs - this.patienceMs && inputMs > (this.told.get(partition) ?? -Infinity)) {
        this.told.set(partition, inputMs);
        const at = place(partition);
        const { headers, ...advance } = encodeControl({ kind: 'advance', toMs: inputMs });
        const said = this.stamped({ ...advance, headers: { ...headers, ...copiedHeader(at) } });
        copies.push({ partition, place: at, record: said });
      }
      const at = place(partition);
      const share = shares.get(partition) ?? 0;
      shares.set(partition, share + 1);
      const headers = { [HEADER.batchId]: batchIdOf(record, this.partition, share), ...copiedHeader(at) };
      copies.push({ partition, place: at, record: this.stamped({ key: null, value, headers }) });
      return copies;
    });
  }

  private stamped(record: NewRecord): NewRecord {
    return { ...record, timestampMs: this.maxAppendMs };
  }
}

/** No row is late for anything that comes no later than this behind the newest one. */
function leastOutOfOrderness({ schema, metrics, sessions, attribution }: StreamDefinition): number {
  const waiting = [schema.eventTime, ...metrics, sessions ?? [], attribution ?? []].flat();
  return Math.min(...waiting.map(({ outOfOrdernessMs }) => outOfOrdernessMs));
}

/**
 * The sender's own, so that what it has sent twice is known there too; another one of what is the second share of a partition, and of
 * what came without, so that what an append repeats is known.
 */
function batchIdOf({ batchId, offset }: RawRecord, source: number, share: number): Uint8Array {
  if (batchId !== null && share === 0) return batchId;
  const name = batchId === null ? `copy|${source}|${offset}|${share}` : `copy|${hex(batchId)}|${share}`;
  return createHash('sha256').update(name).digest().subarray(0, BATCH_ID_BYTES);
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
