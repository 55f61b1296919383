export type { NewRecord, RecordHeaders, StoredRecord } from './record';
export { PackedRecord } from './record';
export { HEADER, headerBytes, headerInteger, headerText } from './headers';
export {
  MAX_BODY_BYTES,
  MAX_DEAD_LETTER_BYTES,
  MAX_EVENT_BYTES,
  MAX_JSON_DEPTH,
  MAX_LATE_RECORD_BYTES,
  MAX_PART_BYTES,
  MAX_RAW_RECORD_BYTES,
  MAX_RAW_RECORD_ROWS,
} from './bounds';

export type { StreamTopics, TopicRole } from './topics/topic-names';
export { TOPIC_ROLES, rolesOf, topicsOf } from './topics/topic-names';
export type { TopicSpec } from './topics/topic-specs';
export { topicSpecs } from './topics/topic-specs';
export type { ActualTopic, TopicProblem } from './topics/check-topic';
export { checkTopic } from './topics/check-topic';

export type { ControlDecision } from './raw/control';
export { copiedFrom, copiedHeader, type CopyPlace } from './raw/copied';
export { decodeControl, encodeControl } from './raw/control';
export { decodeRawRecord } from './raw/raw-record';
export { decodeRerouted, encodeReroute } from './raw/reroute';

export type { DeadLetterEntry, DeadLetterSource } from './dead-letters/dead-letter-record';
export { decodeDeadLetter, encodeDeadLetter } from './dead-letters/dead-letter-record';

export type { ColumnOrigin, Feed, FeedColumn, FeedColumnType, FeedRow, FeedTable, FeedValue } from './feeds/feed';
export { FEEDS } from './feeds/feed';
export { EVENT_COLUMNS, FEED_ROLES, feedTables, feedsOf } from './feeds/feed-tables';
export { FINAL_COLUMNS } from './feeds/final-columns';
export type { FeedDecoder, KeyedFeed } from './feeds/feed-decoder';
export { feedDecoder } from './feeds/feed-decoder';
export { EventRows, eventRow } from './feeds/event-rows';
export type { VisitEvent } from './feeds/feed-json';
export { EventJson, RowJson, feedValueJson } from './feeds/feed-json';
export { FeedSelection } from './feeds/feed-selection';
export type { PlainValue } from './feeds/row-text';
export { feedRowText, rowText, sharedColumns } from './feeds/row-text';

export type { SinkDeadLetter } from './sink-dead-letters/sink-dead-letter-record';
export { decodeSinkDeadLetter, encodeSinkDeadLetter } from './sink-dead-letters/sink-dead-letter-record';

export type { MetricsRecord, RankedResult, ResultScalar, ResultValue } from './results/decode-metrics-record';
export { decodeMetricsRecord } from './results/decode-metrics-record';
export type { MetricsKey } from './results/metrics-key';
export { readMetricsKey } from './results/metrics-key';
export type { ExpectedWindow, PlainResult, TextBytes } from './results/plain-results';
export { PlainResults } from './results/plain-results';
export { groupJsonText } from './results/group-json';
export type { WindowOf } from './results/result-records';
export {
  encodeBackfill,
  encodeClosed,
  encodeLateCount,
  encodeProgress,
  encodeProvisionalTombstones,
  encodeResults,
  encodeSpan,
} from './results/result-records';
export type { LateEntry, LateFor } from './late/late-records';
export { decodeLateRows, encodeLateRows, lateFor } from './late/late-records';
export { isoInstant, parseInstant } from './results/instant';
export { measureNumber } from './results/measure-number';

export type { AlertEvent, AlertProgress, AlertRecord, ToldChange } from './alerts/alert-records';
export { decodeAlertRecord, encodeAlert, encodeAlertProgress } from './alerts/alert-records';

export type { AbandonedCart } from './alerts/abandoned-cart-record';
export { decodeAbandonedCart, encodeAbandonedCarts } from './alerts/abandoned-cart-record';

export type { ToldSession } from './sessions/session-record';
export { decodeSession, encodeSessions } from './sessions/session-record';
export type { ToldAttribution } from './attributions/attribution-records';
export { decodeAttribution, encodePurchases } from './attributions/attribution-records';

export type { Frontier, PartsRecord } from './parts/part-records';
export { decodePartsRecord, encodeFrontier, encodePart, encodeParts } from './parts/part-records';

export type { ChangedMetric, ChangedSection, ChangedSink, DefinitionChange } from './definitions/definition-change';
export { changeOf, isNoChange } from './definitions/definition-change';
export { decodeDefinition, encodeDefinition } from './definitions/definition-record';

export type { Gap } from './gaps/gap-record';
export { decodeGap, encodeGap } from './gaps/gap-record';

export type { StreamFileProblem } from './stream-file/problem';
export { formatProblems } from './stream-file/problem';
export type { ParsedStreamFile } from './stream-file/parse-stream-file';
export { parseStreamFile } from './stream-file/parse-stream-file';
export type { ReadStreamFiles } from './stream-file/read-stream-files';
export { readStreamFiles } from './stream-file/read-stream-files';
export { bytesSetting, durationSetting, readSinkSettings, sinkProblem } from './stream-file/sink-settings';
export type { ReadSettings } from './stream-file/sink-settings';
export type { SinkDefinition, SinkFeed, SinkType } from './stream-file/sink-definition';
export { SINK_TYPES, mayRefuse } from './stream-file/sink-definition';
export { LAKE } from './stream-file/sink-section';
export type { DerivedOf, DerivedStream, Retention, StreamDefinition } from './stream-file/stream-definition';
export { derivedOf, keptName, lakeBelow, seenFrom, sourceOf, streamsOf } from './stream-file/stream-definition';
export { attributionsSchema, derivedStreams, sessionsSchema } from './stream-file/derived-streams';
export { formatDuration, parseDuration } from './stream-file/duration';

export { PROTO_FILES, PROTO_LOADER_OPTIONS, protoPath, protoRoot } from './proto/proto-root';
export type {
  ExplainWindowRequest,
  ExplainWindowResponse,
  ExplainedPartitionMessage,
  RawRangeMessage,
  SampleRowMessage,
  ToldRevisionMessage,
} from './proto/explain-messages';
export type { IndexRange, PublishRequest, PublishResponse, Rejection } from './proto/ingest-messages';
export type {
  AlertMessage,
  ComparisonMessage,
  DurationMessage,
  LateRowMessage,
  ListAlertsRequest,
  ListAlertsResponse,
  ListLateRequest,
  ListLateResponse,
  ListMetricsRequest,
  ListMetricsResponse,
  ListWindowsRequest,
  ListWindowsResponse,
  MeasureMessage,
  MetricMessage,
  RetractionMessage,
  RowPositionMessage,
  TimestampMessage,
  TopGroupsRequest,
  TopGroupsResponse,
  ValueMap,
  ValueMessage,
  WatchWindowsRequest,
  WatchWindowsResponse,
  WindowResultMessage,
} from './proto/query-messages';
export { fromTimestamp, toDuration, toTimestamp } from './proto/query-messages';
export type { RunSqlRequest, RunSqlResponse, SqlColumnMessage, SqlRowMessage } from './proto/sql-messages';
export type {
  AsOfMessage,
  CartLineMessage,
  CountOpenSessionsRequest,
  CountOpenSessionsResponse,
  GetOpenSessionRequest,
  GetOpenSessionResponse,
  PartitionCountMessage,
  SessionEdgeMessage,
  SessionMessage,
} from './proto/session-messages';
export type {
  AbandonedCartMessage,
  GetSessionRequest,
  GetSessionResponse,
  ListAbandonedCartsRequest,
  ListAbandonedCartsResponse,
  ListSessionsRequest,
  ListSessionsResponse,
} from './proto/session-query-messages';
export { toCart, toSessionMessage, type SessionOrigin } from './proto/to-session-message';
export { SESSION_INSTANT } from './proto/session-query-messages';
export type {
  AttributedViewMessage,
  AttributionMessage,
  ListAttributionsRequest,
  ListAttributionsResponse,
} from './proto/attribution-messages';
