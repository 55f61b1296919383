import type { Tracing } from '@tillstream/adapter-telemetry';
import type { Environment } from '@tillstream/config';
import type { SinkEnvironment } from '@tillstream/engine';
import { openSinkTask, sinkGroup, sinkInputs } from '@tillstream/engine';
import type { StartedService } from '@tillstream/nest-runtime';
import { systemClock, systemRandom } from '@tillstream/nest-runtime';
import type { WorkerParts } from '@tillstream/worker-runtime';
import { createGroupWorker, loadLogWorkerConfig, logWorkerVariables, startComposed } from '@tillstream/worker-runtime';
import type { DeclaredSink } from './open-sinks';
import { openSinks } from './open-sinks';
import { SINK_KINDS } from './sink-kinds';

const NAME = 'sink-writer';
const DEFAULT_HTTP_PORT = 8084;

/** What it takes, for whoever sets it. */
export const sinkWriterConfiguration = {
  service: NAME,
  about: 'brings events, results and visits to the lake and the other stores that stream files name',
  variables: logWorkerVariables(DEFAULT_HTTP_PORT),
  load: (environment: Environment) => loadLogWorkerConfig(environment, DEFAULT_HTTP_PORT),
};

/** Feeds in; rows in stores outside. Each sink has a consumer group, progress and failures of its own. */
export async function startSinkWriter(environment: Environment, tracing: Tracing | null): Promise<StartedService> {
  const config = loadLogWorkerConfig(environment, DEFAULT_HTTP_PORT);
  return startComposed(NAME, config.service, tracing, (telemetry) => {
    const { logger } = telemetry;
    const log: SinkEnvironment['log'] = {
      info: (message, fields) => logger.info(fields, message),
      warn: (message, fields) => logger.warn(fields, message),
    };
    const world = { clock: systemClock, random: systemRandom, log };
    const sinks = openSinks(config.definitions, SINK_KINDS, environment, world);
    return { service: createGroupWorker(NAME, config, telemetry, partsOf(sinks, world)) };
  });
}

function partsOf(sinks: readonly DeclaredSink[], { clock, log }: Pick<SinkEnvironment, 'clock' | 'log'>) {
  return {
    groups: sinks.map(({ definition, sink }) => ({
      stream: definition.schema.stream,
      groupId: sinkGroup(definition, sink.definition),
      topics: sinkInputs(definition, sink.definition),
      open: (ports, source, consumer) => openSinkTask(ports, definition, sink, source, consumer),
    })),
    started: () => sinks.forEach(({ sink }) => void sink.tend(clock, log)),
    close: async () => {
      await Promise.all(sinks.map(({ sink }) => sink.close()));
    },
  } satisfies WorkerParts;
}
