import { tracing } from './instrumentation';
import { runConfigured } from '@tillstream/nest-runtime';
import { sessionTrackerConfiguration, startSessionTracker } from './start-session-tracker';

void runConfigured(sessionTrackerConfiguration, process.env, (environment) =>
  startSessionTracker(environment, tracing),
);
