import { tracing } from './instrumentation';
import { runService } from '@tillstream/nest-runtime';
import { startEnricher } from './start-enricher';

void runService(() => startEnricher(process.env, tracing));
