import { tracing } from './instrumentation';
import { runService } from '@tillstream/nest-runtime';
import { startSessionTracker } from './start-session-tracker';

void runService(() => startSessionTracker(process.env, tracing));
