import { tracing } from './tracing';
import { runConfigured } from '@tillstream/nest-runtime';
import { gatewayConfiguration } from './config';
import { startGateway } from './start-gateway';

void runConfigured(gatewayConfiguration, process.env, (environment) => startGateway(environment, tracing));
