import { tracing } from './instrumentation';
import { runConfigured } from '@tillstream/nest-runtime';
import { enricherConfiguration, startEnricher } from './start-enricher';

void runConfigured(enricherConfiguration, process.env, (environment) => startEnricher(environment, tracing));
