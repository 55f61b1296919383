// ingest
export { anEventBatch, dictionaryColumn, textColumn } from './batch/event-batch.fixture';
export { COMMERCE_EVENT_TIME, aCommerceSchema, aField, aSchema, type FieldSketch } from './stream/schema.fixture';

// metrics
export { evaluateRow, type Row, type RowValue } from './metrics/testing/evaluate-row';
export {
  conditions,
  logEntries,
  metricDefinitions,
  metricLists,
  rowFields,
  testSchema,
} from './metrics/testing/metric-arbitraries';
export { PartitionLog, columnsOf, type LogEntry } from './metrics/testing/partition-log';
export { plainResults, sortedResults, type PlainUpsert } from './metrics/testing/plain-results';
export { judgePartition, resultsOf, windowStarts, type PlainResult } from './metrics/testing/window-oracle';
export { plainAlerts, type PlainChange, type PlainFinal } from './alerts/testing/alert-oracle';

// attribution
export {
  judgeAttribution,
  type AttributionVerdict,
  type PlainPurchase,
} from './attribution/testing/attribution-oracle';

// sessions
export { aClosedSession } from './sessions/closed-session.fixture';
export {
  judgeVisits,
  sessionOf,
  type PlacedRow,
  type PlainLateVisit,
  type SessionsVerdict,
} from './sessions/testing/plain-sessions';
