export { columnTypeOf, sqlType, type ColumnType, type TypedColumn } from './sql/column-type';
export { partitionPath, type PartitionValues } from './sql/partition-path';
export { quoteName, quoteText } from './sql/quote';
export { readFiles, type ReadableFile } from './sql/read-files';
