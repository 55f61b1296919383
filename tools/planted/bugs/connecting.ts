import type { PlantedBug } from '../bug';

const RELAY = 'apps/connector/src/relay/relay.ts';
const RELAY_SPEC = 'apps/connector/src/relay/relay.spec.ts';

/** How far a source of events has been read, and how fast. */
export const connectingBugs: readonly PlantedBug[] = [
  {
    name: 'position-before-acknowledgement',
    bug: 'a connector keeps its position before the gateway has acknowledged the events',
    patches: [
      {
        file: RELAY,
        find: 'const delivery = body === null ? null : await this.deliverBody(body);',
        replace: `if (body !== null && body.lastId !== null) await positions.save(body.lastId);
      const delivery = body === null ? null : await this.deliverBody(body);`,
      },
    ],
    specs: [RELAY_SPEC],
  },
  {
    name: 'connector-drops-body-refused-once',
    bug: 'a connector goes on with the next body when the gateway has no time for one',
    patches: [
      {
        file: RELAY,
        find: 'await pause(pauseMs, signal);\n      }\n    }\n    return null;',
        replace:
          'await pause(pauseMs, signal);\n        return { accepted: 0, rejected: [] };\n      }\n    }\n    return null;',
      },
    ],
    specs: [RELAY_SPEC],
  },
  {
    name: 'source-read-without-back-pressure',
    bug: 'a connector reads on while what it has read is not taken',
    patches: [
      {
        file: 'apps/connector/src/source/sse-source.ts',
        find: 'if (events.length > 0) await listener.take(events);',
        replace: 'if (events.length > 0) void listener.take(events);',
      },
    ],
    specs: ['apps/connector/src/source/sse-source.spec.ts'],
  },
];
