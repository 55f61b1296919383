export { plainCommerce } from './commerce-definition';
export {
  type AcceptedRow,
  type DeadLetterRow,
  type ExpectedLateCount,
  type ExpectedLateRow,
  type ExpectedOutcome,
  type ExpectedProgress,
  type ExpectedRow,
  expectedOutcome,
  type JsonValue,
  type MisplacedRow,
  type OracleRecord,
  type PartitionOutcome,
  type PlainDefinition,
  type PlainField,
  type PlainMeasure,
  type PlainMetric,
  type PlainRow,
  type RowPlace,
} from './raw-oracle';
export { partitionOfKey } from './raw/murmur2';
