export { keyedShape } from './sink/table-shape';
export { writeQuery } from './sink/write-parquet';
export { sortColumns } from './tend/sort-columns';
export { LakeUnderTest } from './testing/lake-under-test';
