import type { ServiceConfiguration } from '@tillstream/config';
import { aggregatorConfiguration } from '../../apps/aggregator/src/start-aggregator';
import { connectorConfiguration } from '../../apps/connector/src/config';
import { enricherConfiguration } from '../../apps/enricher/src/start-enricher';
import { gatewayConfiguration } from '../../apps/gateway/src/config';
import { queryApiConfiguration } from '../../apps/query-api/src/config';
import { sessionTrackerConfiguration } from '../../apps/session-tracker/src/start-session-tracker';
import { sinkWriterConfiguration } from '../../apps/sink-writer/src/start-sink-writer';

/** All services, as events pass through them. */
export const SERVICES: readonly ServiceConfiguration[] = [
  gatewayConfiguration,
  enricherConfiguration,
  aggregatorConfiguration,
  sessionTrackerConfiguration,
  sinkWriterConfiguration,
  queryApiConfiguration,
  connectorConfiguration,
];
