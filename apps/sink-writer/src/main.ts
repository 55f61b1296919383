import { tracing } from './instrumentation';
import { runConfigured } from '@tillstream/nest-runtime';
import { sinkWriterConfiguration, startSinkWriter } from './start-sink-writer';

void runConfigured(sinkWriterConfiguration, process.env, (environment) => startSinkWriter(environment, tracing));
