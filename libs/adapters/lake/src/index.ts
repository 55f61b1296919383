export { columnTypeOf, sqlType, type ColumnType, type TypedColumn } from './sql/column-type';
export { partitionPath, type PartitionValues } from './sql/partition-path';
export { quoteName, quoteText } from './sql/quote';
export { readFiles, type ReadableFile } from './sql/read-files';
export type { ObjectContent, ObjectStore, StoredObject } from './store/object-store';
export { openObjectStore } from './store/open-object-store';
export { NO_ACCESS, type StoreAccess } from './store/store-access';
export type { DataFile, TableChange, TableIdentity, TableSnapshot } from './table/table-snapshot';
export { LakeTable } from './table/lake-table';
