import type { PlantedBug } from '../bug';

const GRPC_SERVER = 'libs/nest-runtime/src/grpc/grpc-server.ts';
const GATEWAY = 'apps/gateway/src/create-gateway.ts';
const STREAMS = 'apps/gateway/src/grpc/ingest-service.ts';
const QUERY_API = 'apps/query-api/src/create-query-api.ts';
const BOOTSTRAP_SPECS = ['libs/nest-runtime/src/lifecycle/bootstrap.spec.ts'];
const GRPC_SPECS = ['libs/nest-runtime/src/grpc/grpc-server.spec.ts'];
const GATEWAY_SPECS = ['apps/gateway/src/gateway-grpc.spec.ts', 'apps/gateway/src/gateway-http.spec.ts'];

/** Stopping: what is under way, and what callers are told. */
export const stoppingBugs: readonly PlantedBug[] = [
  {
    name: 'stopped-without-hurry',
    bug: 'work that does not end is not told that there is hardly any time left',
    patches: [
      {
        file: 'libs/nest-runtime/src/lifecycle/drain.ts',
        find: '() => this.hurrying.abort()',
        replace: '() => undefined',
      },
    ],
    specs: BOOTSTRAP_SPECS,
  },
  {
    name: 'stopped-health-watched',
    bug: 'who watches the health of a server that stops holds up its end',
    patches: [{ file: GRPC_SERVER, find: '    this.calls.endHealthWatches();\n', replace: '' }],
    specs: GRPC_SPECS,
  },
  {
    name: 'stopped-calls-cut',
    bug: 'calls that are under way when a server has stopped are cut without a status',
    patches: [{ file: GRPC_SERVER, find: '    this.calls.endAll();\n', replace: '' }],
    specs: GRPC_SPECS,
  },
  {
    name: 'stopped-streams-read',
    bug: 'a gateway that stops reads on from its streams',
    patches: [
      {
        file: STREAMS,
        find: 'of untilAborted(call as AsyncIterable<PublishRequest>, stopping))',
        replace: 'of call as AsyncIterable<PublishRequest>)',
      },
    ],
    specs: GATEWAY_SPECS,
  },
  {
    name: 'stopped-bodies-cut',
    bug: 'bodies that wait for the log when a gateway has stopped are cut instead of answered',
    patches: [{ file: GATEWAY, find: '() => publisher.giveUp()', replace: '() => undefined' }],
    specs: GATEWAY_SPECS,
  },
  {
    name: 'stopped-views-stand',
    bug: 'the views of a query API that stops stand still while questions wait for them',
    patches: [
      {
        file: QUERY_API,
        find: 'drain: async () => stopping.abort(),',
        replace: 'drain: async () => { stopping.abort(); for (const follower of followers) follower.stop(); },',
      },
    ],
    specs: ['apps/query-api/src/grpc/visits.spec.ts'],
  },
];
