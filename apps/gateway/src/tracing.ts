import { startTracing } from '@tillstream/adapter-telemetry';

/** Loaded before everything else, so that what is loaded after it can be traced. */
export const tracing = startTracing('gateway');
