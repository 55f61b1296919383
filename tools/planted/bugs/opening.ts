import type { PlantedBug } from '../bug';

const TLS_SPECS = ['libs/nest-runtime/src/lifecycle/tls.spec.ts'];

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
  {
    name: 'certificate-of-strangers-opens',
    bug: 'a client certificate opens the door whoever has signed it',
    patches: [
      {
        file: 'libs/nest-runtime/src/http/client-certificates.ts',
        find: '(socket instanceof TLSSocket && socket.authorized)',
        replace: 'socket.getPeerX509Certificate?.() !== undefined',
      },
    ],
    specs: TLS_SPECS,
  },
  {
    name: 'certificate-of-the-start-is-shown',
    bug: 'a server shows the certificate of its start, and asks for those of the CA that it had then',
    patches: [
      {
        file: 'libs/doors/src/tls/server-tls.ts',
        find: '        for (const listener of this.listeners) listener(this.current);\n',
        replace: '',
      },
    ],
    specs: TLS_SPECS,
  },
  {
    name: 'session-opens-without-certificate',
    bug: 'who takes a TLS session up again is not asked for a certificate',
    patches: [
      {
        file: 'libs/nest-runtime/src/http/http-adapter.ts',
        find: ', secureOptions: constants.SSL_OP_NO_TICKET',
        replace: '',
      },
    ],
    specs: TLS_SPECS,
  },
  {
    name: 'client-shows-certificate-of-its-start',
    bug: 'a client that stays shows the certificate that it had at its start',
    patches: [
      {
        file: 'libs/doors/src/tls/followed-client-tls.ts',
        find: '      current = clientTlsOf(',
        replace: '      clientTlsOf(',
      },
    ],
    specs: ['libs/doors/src/tls/followed-client-tls.spec.ts'],
  },
  {
    name: 'connection-goes-on-under-old-certificate',
    bug: 'whoever asks a session-tracker goes on with the connection of a certificate that was exchanged',
    patches: [
      {
        file: 'apps/query-api/src/visits/open-sessions.ts',
        find: 'if (this.connected.tls === current) return',
        replace: 'if (current !== null) return',
      },
    ],
    specs: ['apps/query-api/src/visits/open-sessions.spec.ts'],
  },
];
