export { AGGREGATOR } from './aggregator/aggregator-task';
export { aggregatorInputs, openAggregator } from './aggregator/open-aggregator';
export { AlertTask } from './alerts/alert-task';
export { ENRICHER, EnricherTask } from './enricher/enricher-task';
export { closingInputMs } from './merge/horizon';
export { MergeTask } from './merge/merge-task';
export { TRACKER, openTrackerTask, trackerInputs, trackerTask } from './tracker/tracker-task';
export type {
  CheckpointStore,
  ClaimedCheckpoint,
  Commit,
  CommitOutcome,
  Fence,
  FieldChanges,
  FieldPut,
  FieldReading,
  SliceDelta,
} from './ports/checkpoint-store';
export type { Clock, Random } from './ports/clock';
export type {
  AssignmentHandler,
  GroupConsumer,
  LogReader,
  LogRecord,
  LogWriter,
  NewRecord,
  PartitionSource,
  RecordHeaders,
} from './ports/log';
export { MAX_APPEND_BYTES, OffsetOutOfRangeError, SourceRevokedError, appendBytes, appendPortions } from './ports/log';
export type {
  FeedPortion,
  FlushBounds,
  KeepRefused,
  OpenedSink,
  PendingRows,
  PortionRows,
  RefusedRow,
  Sink,
  SinkEnvironment,
  SinkKind,
  SinkPartition,
} from './ports/sink';
export { SinkOvertakenError, SinkRefusedError, SinkUnavailableError, addressOf } from './ports/sink';
export type {
  BatchInfo,
  BatchTracer,
  ClosedInfo,
  FollowUpInfo,
  TaskCounter,
  TaskGauge,
  TaskHistogram,
  TaskLabels,
  TaskLog,
  TaskMeter,
  TaskTelemetry,
} from './ports/telemetry';
export { silentTelemetry } from './ports/telemetry';
export type { OpenTask, PartitionTask, StoppedPartition } from './task/partition-supervisor';
export { PartitionSupervisor } from './task/partition-supervisor';
export type { StopCode } from './task/stop-partition';
export { StopPartitionError, TaskSpentError } from './task/stop-partition';
export { lastBatch, readableBatch } from './task/readable-batch';
export { newestFirst, readRange, recordsBetween } from './task/log-tail';
export { copyPartition, finishPartition } from './repartition/copy-partition';
export { PartitionCopy } from './repartition/partition-copy';
export type { Cause, Diagnosis } from './late/diagnosis';
export { diagnose } from './late/diagnosis';
export { judgesOf } from './late/judges';
export { DurationCounts } from './late/duration-counts';
export type { Awaited, BackfillOptions, BackfillProgress, BackfillReport } from './backfill/backfill-metric';
export { BackfillRangeError, backfillMetric } from './backfill/backfill-metric';
export { FinalStandsError } from './backfill/finals-publisher';
export type { ExplainOptions, ExplainVerdict, Explanation } from './explain/explain-window';
export { WindowNotRetainedError, explainWindow } from './explain/explain-window';
export { groupValuesOf } from './explain/group-values';
export type { PartitionCensus } from './explain/row-census';
export type { RowFate, SampleRow } from './explain/sample-rows';
export type { ToldHistory, ToldResult } from './explain/told-history';
export type { LatePlace, PlacedLateRow } from './late/late-log';
export { latePlaceAt, lateRowsFrom } from './late/late-log';
export type { MetricLateness, SurveyOptions } from './late/lateness-survey';
export { LatenessSurvey, Punctuality } from './late/lateness-survey';
export type { BatchFeed, FeedSource } from './recompute/batch-feed';
export type { FeedStart } from './recompute/feed-start';
export { NothingRetainedError } from './recompute/feed-start';
export type { FeedStarts, WantedRows } from './recompute/open-feeds';
export { findStarts, openFeeds } from './recompute/open-feeds';
export type { RecomputationOptions, RecomputedPartition, RecomputedWindow } from './recompute/recomputation';
export type { StreamPart } from './recompute/stream-parts';
export { streamParts } from './recompute/stream-parts';
export { Recomputation } from './recompute/recomputation';
export type { FinalDifference } from './verify/difference';
export type { VerifyOptions, VerifyProgress, VerifyReport } from './verify/verify-finals';
export type { VerifiedVisits, VerifyVisitsOptions, VerifyVisitsReport, VisitDifference } from './verify/verify-visits';
export { verifyVisits } from './verify/verify-visits';
export { verifyFinals } from './verify/verify-finals';
export type { TaskPorts } from './task/task-ports';
export type { KeptRecord, ReadKept, RestoreReport } from './stored/restore-records';
export { OtherRecordStandsError, restoreRecords } from './stored/restore-records';
export type { StoredFeed, StoredRow, StoredSpan } from './stored/stored-feed';
export type { StoredDifference, VerifyStoredReport } from './stored/verify-stored';
export { verifyStored } from './stored/verify-stored';
export type { StreamMember } from './worker/stream-worker';
export { StreamWorker } from './worker/stream-worker';
export { DefinitionFollower } from './definitions/definition-follower';
export { DefinitionHistory, readDefinitions } from './definitions/definition-history';
export { definitionInLog, newestDefinitionInLog } from './definitions/definition-in-log';
export { verifyDefinition, type VerifiedDefinition } from './definitions/verify-definition';
export { openSinkTask, sinkGroup, sinkInputs } from './sinks/open-sink-task';
export { PreparedSink } from './sinks/prepared-sink';
export { sinkService } from './sinks/feed-intake';
