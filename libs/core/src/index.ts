export {
  COMMON_SIGNS,
  type CommonFault,
  type ConnectionFault,
  type FaultSign,
  faultOf,
} from './connection/connection-fault';

// shared types
export type {
  BatchPosition,
  Column,
  DictionaryColumn,
  EventBatch,
  NumberColumn,
  PlacedControl,
  RecordTable,
  TextColumn,
} from './batch/event-batch';
export { REJECT_CODES } from './enrich/types';
export type { DeadLetter, EnrichResult, RawControl, RawRecord, RejectCode, Reroute, Rerouted } from './enrich/types';
export { compileCondition } from './expression/compile-expression';
export type { Columns, Condition } from './expression/columns';
export { patternProblem } from './expression/pattern/compile-pattern';
export { TEXT_TESTS, type TextTest } from './expression/text-functions';
export { TIME_PARTS, type TimePart } from './expression/time-part';
export type { ArithmeticOperator, ComparisonOperator, Expression, ExpressionType } from './expression/ast';
export type {
  AlertDefinition,
  AlertSeverity,
  ComparedWindow,
  EmitSpec,
  HistoryValue,
  HoppingMetric,
  HoppingSpec,
  Measure,
  MetricDefinition,
  SessionSpec,
  TopAmount,
  WindowSpec,
} from './metrics/definition';
export { latenessOf } from './metrics/lateness';
export type {
  ByteStrings,
  ClosedWindow,
  LateCount,
  LateRow,
  MeasureColumn,
  PartBlock,
  ResultBlock,
} from './metrics/output';
export { ItemValues } from './metrics/measures/item-values';
export type { DedupeBounds, EventTimeSpec, Field, FieldType, StreamSchema } from './stream/schema';

// ingest
export { columnOf, decodeText, entryText, isNullAt, numberAt, textAt } from './batch/column-access';
export { decodeEventBatch } from './batch/decode-event-batch';
export { encodeEventBatch } from './batch/encode-event-batch';
export { EventBatchFormatError } from './batch/event-batch-error';
export { emptyPosition } from './batch/position';
export { rowToJson } from './batch/row-to-json';
export { BufferPool } from './bytes/buffer-pool';
export {
  BodySplitter,
  type BodyForm,
  type RejectedEvent,
  type SplitBody,
  type SplitRecord,
} from './enrich/body-splitter';
export { coversHorizon } from './enrich/known-ids';
export { RawEnricher, type RawEnricherOptions } from './enrich/raw-enricher';
export { RecordSplitter, type RecordShare } from './enrich/record-splitter';
export { formatEventTime } from './event-time/format-event-time';
export { EventTimeParser } from './event-time/parse-event-time';
export { murmur2, partitionOf } from './hash/murmur2';
export { ID_HASH_BYTES, ID_HASH_SEED, murmur3x128 } from './hash/murmur3';
export { MAX_EVENT_BYTES, MAX_NESTING, MAX_RECORD_BYTES, MAX_RECORD_ROWS } from './json/limits';
export { currencyExponent } from './money/currency';
export { averageMoney, formatMoney, multiplyExactly, parseMoney, type MoneyAmount } from './money/money';
export { fieldByName, pathOf } from './stream/fields';

// metrics
export { AlertFold, type AlertChange, type AlertStart, type OpenAlert } from './alerts/alert-fold';
export { absentValue, comparableType, isFollowed, percentChange, type ComparableType } from './history/comparable';
export { lastClosedEnd } from './windowing/sliced-windows';
export {
  ALL_TIME,
  closedBeforeMs,
  earliestCloseMs,
  isSession,
  isTotal,
  latestCloseMs,
  lookbackMs,
  oldestOpenStart,
  unsureMs,
  waitsMs,
} from './windowing/window-spec';
export { decodeGroupKey, encodeGroupKey, type GroupValue } from './metrics/groups/group-key';
export {
  PartitionAggregator,
  type AggregatorDeltas,
  type AggregatorSize,
  type PartitionAggregatorOptions,
  type SavedAggregator,
  type SavedDefinition,
} from './metrics/partition-aggregator';
export type { AggregatorStart } from './metrics/metric-life';
export { ALWAYS, NEVER, isAlways, spans, type MetricSpan } from './metrics/metric-span';
export { MAX_SKETCHES } from './metrics/plan/metric-plan';
export { relativeErrorOf } from './metrics/measures/relative-error';
export { RowMatcher } from './metrics/plan/row-matcher';
export { splitPart } from './metrics/merge/split-part';
export { WindowMerge, type MergedWindow, type WindowMergeOptions } from './metrics/merge/window-merge';
export { declareFields, toColumns, type RowField } from './batch/row-fields';
export type { AttributedPurchase, AttributedView, LateTouch, RowPosition } from './attribution/attribution';
export type { DeltaSet, NamedBytes } from './metrics/slices/delta-book';
export { AttributionBook, type AttributionSize } from './attribution/attribution-book';
export {
  ATTRIBUTION_NAMES,
  attributionFields,
  attributionRows,
  eventPosition,
  type AttributionRow,
} from './attribution/attribution-fields';
export type { AttributionDefinition } from './attribution/definition';
export type { SessionsDefinition } from './sessions/definition';
export { SessionBook, decodeOpenSessions, type LateVisit } from './sessions/session-book';
export type { FieldChanges, FieldPut } from './sessions/user-states';
export { SESSION_FIELDS } from './sessions/session-fields';
export {
  MAX_CART,
  MAX_CLIENT_SESSIONS,
  MAX_PATH,
  MAX_PRODUCTS,
  MAX_TEXT_BYTES,
  cartValue,
  isAbandoned,
  sessionId,
  type CartLine,
  type ClosedSession,
  type Session,
  type SessionEdge,
} from './sessions/session';
export {
  VisitTracker,
  type SavedSettings,
  type SavedTracker,
  type TrackerChanges,
  type TrackerStart,
  type VisitNews,
  type VisitSettings,
  type VisitTrackerOptions,
} from './visits/visit-tracker';
export type { FoundPurchase } from './visits/attribution-track';
export type { FoundSession } from './visits/session-track';
export type { RowsEnd } from './visits/rows-chain';
export { openSessionsIn, trackerMoment, type TrackerMoment } from './visits/user-field';
