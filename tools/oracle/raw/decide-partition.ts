import { partitionOfKey } from './murmur2';
import type { PlainDefinition, PlainRow } from './plain-definition';
import { advanceOf, batchIdOf, type OracleRecord, sourceOf } from './raw-headers';
import { readRow, type ReadRow } from './read-row';
import { rowTextsOf } from './row-texts';

/** A row's place in the log: `partition|offset|index`; index -1 is the record as a whole. */
export interface RowPlace {
  readonly id: string;
  readonly partition: number;
  readonly offset: number;
  readonly index: number;
}

export interface AcceptedRow extends RowPlace {
  readonly row: PlainRow;
  readonly eventTimeMs: number;
  /** Watermark input before the first row of the row's record: what lateness is judged by. */
  readonly inputBeforeMs: number;
}

/** A row whose id, or the id of its write, had stood before. */
export interface DuplicateRow extends RowPlace {
  readonly row: PlainRow;
  readonly eventTimeMs: number;
  /** Neither in the future nor of another partition: but for the repetition it would have been accepted. */
  readonly elseAccepted: boolean;
}

export interface DeadLetterRow extends RowPlace {
  readonly code: string;
}

export interface MisplacedRow extends RowPlace {
  readonly targetPartition: number;
}

/** What becomes of the rows of one raw partition. */
export interface PartitionOutcome {
  readonly accepted: readonly AcceptedRow[];
  readonly deadLetters: readonly DeadLetterRow[];
  readonly duplicates: readonly DuplicateRow[];
  /** Rows that belong to another partition. */
  readonly misplaced: readonly MisplacedRow[];
  /** Re-routed rows that another record had brought before. */
  readonly broughtBefore: readonly RowPlace[];
  /** Newest min(event time, append time) of accepted rows and `advance` records; -Infinity: none. */
  readonly watermarkInputMs: number;
  /** The same behind each record, by offset. */
  readonly inputsAfterMs: ReadonlyMap<number, number>;
}

/** Where an id stood last among the valid rows. */
interface Sighting {
  readonly rowNumber: number;
  readonly appendMs: number;
}

/** Decides row by row, in order of offset, as slowly as it reads. */
export function decidePartition(
  definition: PlainDefinition,
  partition: number,
  records: readonly OracleRecord[],
): PartitionOutcome {
  const accepted: AcceptedRow[] = [];
  const deadLetters: DeadLetterRow[] = [];
  const duplicates: DuplicateRow[] = [];
  const misplaced: MisplacedRow[] = [];
  const broughtBefore: RowPlace[] = [];
  const idSeen = new Map<string, Sighting>();
  const batchSeen = new Map<string, Sighting>();
  const inputsAfterMs = new Map<number, number>();
  const reroutedThrough = new Map<number, number>();
  let rowNumber = 0;
  let appendMs = -Infinity;
  let inputMs = -Infinity;

  const remembered = (sighting: Sighting | undefined): boolean =>
    sighting !== undefined &&
    appendMs - sighting.appendMs <= definition.dedupe.withinMs &&
    rowNumber - sighting.rowNumber <= definition.dedupe.maxRows;

  for (const record of [...records].sort((a, b) => a.offset - b.offset)) {
    appendMs = Math.max(appendMs, record.appendMs);
    const advanceMs = advanceOf(record);
    if (advanceMs !== undefined) {
      if (advanceMs !== null) inputMs = Math.max(inputMs, Math.min(advanceMs, appendMs));
      inputsAfterMs.set(record.offset, inputMs);
      continue;
    }
    const inputBeforeMs = inputMs;
    const batchId = batchIdOf(record);
    // A repeated write is told by its first row, and dropped as a whole.
    const repeated = batchId !== null && remembered(batchSeen.get(batchId));
    const source = sourceOf(record);
    const place = (index: number): RowPlace => ({
      id: `${partition}|${record.offset}|${index}`,
      partition,
      offset: record.offset,
      index,
    });

    const reads = readRecord(definition, record, source !== null);
    if (reads.kind === 'invalid') deadLetters.push({ ...place(-1), code: reads.code });
    for (const [index, read] of reads.kind === 'rows' ? reads.rows.entries() : []) {
      if (source !== null && (source.rowOffsets[index] ?? Infinity) < (reroutedThrough.get(source.partition) ?? 0)) {
        broughtBefore.push(place(index));
        continue;
      }
      if (read.kind === 'invalid') {
        deadLetters.push({ ...place(index), code: read.code });
        continue;
      }
      const { row, key, eventTimeMs } = read;
      const id = definition.id === null ? null : row[definition.id];
      const idText = id === null || id === undefined ? null : String(id);
      const duplicate = repeated || (idText !== null && remembered(idSeen.get(idText)));
      if (idText !== null) idSeen.set(idText, { rowNumber, appendMs });
      if (batchId !== null) batchSeen.set(batchId, { rowNumber, appendMs });
      rowNumber += 1;

      const targetPartition = partitionOfKey(key, definition.partitions);
      const isInFuture = eventTimeMs > appendMs + definition.futureToleranceMs;
      const isMisplaced = targetPartition !== partition && source === null;
      if (duplicate) {
        duplicates.push({ ...place(index), row, eventTimeMs, elseAccepted: !isInFuture && !isMisplaced });
      } else if (isInFuture) {
        deadLetters.push({ ...place(index), code: 'in-the-future' });
      } else if (isMisplaced) misplaced.push({ ...place(index), targetPartition });
      else {
        accepted.push({ ...place(index), row, eventTimeMs, inputBeforeMs });
        inputMs = Math.max(inputMs, Math.min(eventTimeMs, appendMs));
      }
    }
    if (source !== null) {
      reroutedThrough.set(source.partition, Math.max(source.next, reroutedThrough.get(source.partition) ?? 0));
    }
    inputsAfterMs.set(record.offset, inputMs);
  }
  return { accepted, deadLetters, duplicates, misplaced, broughtBefore, watermarkInputMs: inputMs, inputsAfterMs };
}

function readRecord(
  definition: PlainDefinition,
  record: OracleRecord,
  rerouted: boolean,
): { readonly kind: 'rows'; readonly rows: readonly ReadRow[] } | { readonly kind: 'invalid'; readonly code: string } {
  const texts = rowTextsOf(record.value ?? new Uint8Array(), rerouted);
  if (texts.kind === 'broken') return { kind: 'invalid', code: texts.code };
  return { kind: 'rows', rows: texts.rows.map((text) => readRow(definition, text)) };
}
