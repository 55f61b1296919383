import { startTracing } from '@tillstream/adapter-telemetry';

// Before anything that is traced is loaded: the first import of the program.
export const tracing = startTracing('query-api');
