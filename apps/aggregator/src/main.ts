import { tracing } from './instrumentation';
import { runService } from '@tillstream/nest-runtime';
import { startAggregator } from './start-aggregator';

void runService(() => startAggregator(process.env, tracing));
