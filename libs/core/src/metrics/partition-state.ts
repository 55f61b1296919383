import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';

const VERSION = 2;
/** Did not say what had been told: all of it may have to be told again. */
const WITHOUT_TOLD = 1;

/** What one partition knows apart from its slices. */
export interface PartitionState {
  readonly watermarkInputMs: number;
  readonly maxEventTimeMs: number;
  readonly maxAppendMs: number;
  readonly held: boolean;
  readonly metrics: readonly {
    readonly identity: string;
    readonly completeFromMs: number;
    /** What the rows before this raw position have changed in open windows has been told. */
    readonly toldNext: number;
    /** Late counts that no delta holds yet. */
    readonly lateCounts: Uint8Array;
  }[];
}

export function encodePartitionState(state: PartitionState): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(VERSION);
  writer.double(state.watermarkInputMs);
  writer.double(state.maxEventTimeMs);
  writer.double(state.maxAppendMs);
  writer.byte(state.held ? 1 : 0);
  writer.count(state.metrics.length);
  for (const { identity, completeFromMs, toldNext, lateCounts } of state.metrics) {
    writer.text(identity);
    writer.double(completeFromMs);
    writer.count(toldNext);
    writer.bytes(lateCounts, 0, lateCounts.length);
  }
  return writer.toBytes();
}

/** @throws RangeError for bytes that are cut short or were written by a later version */
export function decodePartitionState(bytes: Uint8Array): PartitionState {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== VERSION && version !== WITHOUT_TOLD)
    throw new RangeError(`the state of a partition has version ${version}`);
  const state = {
    watermarkInputMs: reader.double(),
    maxEventTimeMs: reader.double(),
    maxAppendMs: reader.double(),
    held: reader.byte() === 1,
    metrics: Array.from({ length: reader.count() }, () => ({
      identity: reader.text(),
      completeFromMs: reader.double(),
      toldNext: version === WITHOUT_TOLD ? 0 : reader.count(),
      lateCounts: reader.bytes(),
    })),
  };
  reader.finish();
  return state;
}
