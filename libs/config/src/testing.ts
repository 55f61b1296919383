export { Authority, writePair, type Pair, type Span } from './testing/authority';
export { FilesForTests } from './testing/files-for-tests';
