export { openSearchSinkKind } from './opensearch-kind';
