import { tracing } from './instrumentation';
import { runConfigured } from '@tillstream/nest-runtime';
import { aggregatorConfiguration, startAggregator } from './start-aggregator';

void runConfigured(aggregatorConfiguration, process.env, (environment) => startAggregator(environment, tracing));
