import { tracing } from './instrumentation';
import { runConfigured } from '@tillstream/nest-runtime';
import { connectorConfiguration } from './config';
import { startConnector } from './start-connector';

void runConfigured(connectorConfiguration, process.env, (environment) => startConnector(environment, tracing));
