import { ByteReader } from './byte-reader';
import { ByteWriter } from './byte-writer';
import type { MetricSpan } from '../metric-span';
import { ALWAYS } from '../metric-span';

const VERSION = 3;
/** Knew of one definition only, and of metrics that were always declared. */
const WITHOUT_DEFINITION = 2;
/** Did not say what had been told either: all of it may have to be told again. */
const WITHOUT_TOLD = 1;

/** How far one partition has come. */
export interface SavedPosition {
  readonly watermarkInputMs: number;
  readonly maxEventTimeMs: number;
  readonly maxAppendMs: number;
  readonly held: boolean;
  /** sha256 (hex) of the definition in force; '' before the first one. */
  readonly definition: string;
}

/** What one partition knows apart from its slices. */
export interface PartitionState extends SavedPosition {
  readonly metrics: readonly {
    readonly identity: string;
    /** Windows that begin earlier were told by an earlier life, or are not whole. */
    readonly completeFromMs: number;
    readonly span: MetricSpan;
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
  writer.text(state.definition);
  writer.count(state.metrics.length);
  for (const { identity, completeFromMs, span, toldNext, lateCounts } of state.metrics) {
    writer.text(identity);
    writer.double(completeFromMs);
    writer.double(span.fromMs);
    writer.double(span.untilMs);
    writer.count(toldNext);
    writer.bytes(lateCounts, 0, lateCounts.length);
  }
  return writer.toBytes();
}

/** @throws RangeError for bytes that are cut short or were written by a later version */
export function decodePartitionState(bytes: Uint8Array): PartitionState {
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version < WITHOUT_TOLD || version > VERSION)
    throw new RangeError(`the state of a partition has version ${version}`);
  const hasSpans = version > WITHOUT_DEFINITION;
  const state = {
    watermarkInputMs: reader.double(),
    maxEventTimeMs: reader.double(),
    maxAppendMs: reader.double(),
    held: reader.byte() === 1,
    definition: hasSpans ? reader.text() : '',
    metrics: Array.from({ length: reader.length() }, () => ({
      identity: reader.text(),
      completeFromMs: reader.double(),
      span: hasSpans ? { fromMs: reader.double(), untilMs: reader.double() } : ALWAYS,
      toldNext: version === WITHOUT_TOLD ? 0 : reader.count(),
      lateCounts: reader.bytes(),
    })),
  };
  reader.finish();
  return state;
}
