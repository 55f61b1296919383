import { startTracing } from '@tillstream/adapter-telemetry';

/** Must be the first thing that is loaded: what comes after it is traced. */
export const tracing = startTracing('sink-writer');
