import { tracing } from './tracing';
import { runService } from '@tillstream/nest-runtime';
import { startGateway } from './start-gateway';

void runService(() => startGateway(process.env, tracing));
