export { DuckDbSession, type SessionBounds } from './duckdb/duckdb-session';
export {
  EXPORT_FORMATS,
  exportTable,
  type ExportColumn,
  type ExportFormat,
  type ExportRequest,
} from './export/export-table';
export { answerSql, memoryLimitText, timeLimitText } from './query/answer-sql';
export { StreamTables } from './query/stream-tables';
export type { SqlAnswer, SqlColumn, SqlLimits, SqlOutcome, SqlQuestion, SqlView } from './query/sql-question';
export { ALL_TIMES, tableRelation, type TimeSpan } from './read/table-relation';
export { lakeSinkType } from './sink/lake-sink-kind';
export { metricColumn } from './sink/table-shape';
export { columnTypeOf, sqlType, type ColumnType, type TypedColumn } from './sql/column-type';
export { partitionPath, type PartitionValues } from './sql/partition-path';
export { quoteName, quoteText } from './sql/quote';
export { readFiles, type ReadableFile } from './sql/read-files';
export type { ObjectContent, ObjectStore, StoredObject } from './store/object-store';
export { openObjectStore } from './store/open-object-store';
export { NO_ACCESS, accessOf, type StoreAccess } from './store/store-access';
export { countRecords, keptRecords, storedLakeFeed, timeColumn, type LakeFeed } from './stored/stored-lake-feed';
export type { DataFile, TableChange, TableIdentity, TableSnapshot } from './table/table-snapshot';
export { LakeTable } from './table/lake-table';
export { compactTable, type Compacted } from './tend/compact-table';
export { COMPACTION, type CompactionBounds } from './tend/compaction-plan';
export { eraseCondition } from './tend/erase-condition';
export { countRowsOf, eraseRows, type Erased } from './tend/erase-rows';
export { withLakeCare } from './tend/lake-care';
export type { TableInCare } from './tend/rewriting';
export { vacuumTable, type Vacuumed } from './tend/vacuum-table';
export { FinalHistory, type FinalsQuestion, type LateBySource, type StoredFinal } from './read/final-history';
export { FeedHistory, LakeReader } from './read/lake-reader';
export {
  VisitHistory,
  type RowPlace,
  type StoredVisitRow,
  type VisitFeed,
  type VisitQuestion,
} from './read/visit-history';
