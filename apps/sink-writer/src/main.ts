import { tracing } from './instrumentation';
import { runService } from '@tillstream/nest-runtime';
import { startSinkWriter } from './start-sink-writer';

void runService(() => startSinkWriter(process.env, tracing));
