export { LakeUnderTest } from './testing/lake-under-test';
