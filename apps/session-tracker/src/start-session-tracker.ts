import type { Tracing } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import { PROTO_FILES } from '@tillstream/contracts';
import { openTrackerTask, trackerInputs } from '@tillstream/engine';
import type { StartedService } from '@tillstream/nest-runtime';
import type { WorkerKind } from '@tillstream/worker-runtime';
import { startWorker, workerConfiguration } from '@tillstream/worker-runtime';
import { createSessionService } from './session-service';

const DEFAULT_HTTP_PORT = 8083;
const DEFAULT_GRPC_PORT = 50053;

/** Enriched batches in; sessions, attributions, their rows, abandoned carts and late rows out; and who is here now, when asked. */
export const sessionTracker: WorkerKind = {
  name: 'session-tracker',
  defaultHttpPort: DEFAULT_HTTP_PORT,
  face: {
    defaultGrpcPort: DEFAULT_GRPC_PORT,
    protoFiles: [PROTO_FILES.sessions],
    services: (parts) => [createSessionService(parts)],
  },
  inputs: (definition) => (definition.sessions || definition.attribution ? trackerInputs(definition) : []),
  open: openTrackerTask,
};

/** What it takes, for whoever sets it. */
export const sessionTrackerConfiguration = workerConfiguration(
  sessionTracker,
  'finds visits and what led to purchases, and answers who is here now',
);

export function startSessionTracker(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  return startWorker(sessionTracker, environment, tracing);
}
