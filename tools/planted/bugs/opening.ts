import type { PlantedBug } from '../bug';

/** Bugs in who is let in at the doors. */
export const openingBugs: readonly PlantedBug[] = [
  {
    name: 'expired-key-opens',
    bug: 'a key opens when it has expired',
    patches: [
      {
        file: 'libs/doors/src/keys/key-ring.ts',
        find: 'expiresMs === null || nowMs < expiresMs',
        replace: 'expiresMs === null || nowMs >= 0',
      },
    ],
    specs: ['libs/doors/src/keys/key-ring.spec.ts'],
  },
  {
    name: 'exchanged-key-remembered',
    bug: 'a call that lasts goes on with a key that was exchanged meanwhile',
    patches: [
      {
        file: 'libs/doors/src/keys/key-ring.ts',
        find: 'if (compared !== this.all) known',
        replace: 'if (compared === null) known',
      },
    ],
    specs: ['libs/doors/src/keys/key-ring.spec.ts'],
  },
  {
    name: 'no-keys-open-to-all',
    bug: 'a file without keys opens the door to everyone',
    patches: [
      {
        file: 'libs/doors/src/keys/followed-keys.ts',
        find: 'new KeyRing(entries ?? (file === null ? null : []))',
        replace: 'new KeyRing(entries)',
      },
    ],
    specs: ['libs/doors/src/keys/followed-keys.spec.ts'],
  },
  {
    name: 'watch-outlives-its-key',
    bug: 'a watch goes on when its key was taken away',
    patches: [
      {
        file: 'libs/nest-runtime/src/grpc/key-gate.ts',
        find: 'if (holds()) return next(message);',
        replace: 'if (holds() || method.responseStream) return next(message);',
      },
    ],
    specs: ['apps/query-api/src/grpc/query-service.spec.ts'],
  },
  {
    name: 'stream-outlives-its-key',
    bug: 'a stream of bodies goes on when its key was taken away',
    patches: [
      {
        file: 'apps/gateway/src/grpc/ingest-service.ts',
        find: '  let answered: Promise<void> = Promise.resolve();',
        replace:
          '  const found = ingest.find(metadata);\n  ingest.find = () => found;\n  let answered: Promise<void> = Promise.resolve();',
      },
    ],
    specs: ['apps/gateway/src/gateway-grpc.spec.ts'],
  },
  {
    name: 'large-bodies-are-free',
    bug: 'a body costs its key no more than one event, however many it holds',
    patches: [
      {
        file: 'libs/doors/src/limits/rate-bucket.ts',
        find: 'this.balance -= amount;',
        replace: 'this.balance -= Math.min(amount, 1);',
      },
    ],
    specs: ['libs/doors/src/limits/key-limits.spec.ts'],
  },
];
