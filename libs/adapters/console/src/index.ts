export { consoleSinkKind } from './console-kind';
