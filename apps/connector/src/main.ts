import { tracing } from './instrumentation';
import { runService } from '@tillstream/nest-runtime';
import { startConnector } from './start-connector';

void runService(() => startConnector(process.env, tracing));
