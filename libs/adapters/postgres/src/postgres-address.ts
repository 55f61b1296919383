/** A server and a database, without credentials. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tls: 'off' | 'encrypted' | 'verified';
}

export type ReadAddress =
  { readonly ok: true; readonly address: PostgresAddress } | { readonly ok: false; readonly problem: string };

const TLS = { disable: 'off', require: 'encrypted', 'verify-full': 'verified' } as const;
const FORM = 'must be like postgres://host:5432/database';

/** Reads `postgres://host:port/database?sslmode=require`. */
export function readAddress(where: string): ReadAddress {
  const url = URL.canParse(where) ? new URL(where) : null;
  if (url === null || !['postgres:', 'postgresql:'].includes(url.protocol)) return { ok: false, problem: FORM };
  if (url.username !== '' || url.password !== '') return { ok: false, problem: 'must be without credentials' };
  const database = decodeURIComponent(url.pathname.slice(1));
  if (url.hostname === '' || database === '' || database.includes('/')) return { ok: false, problem: FORM };
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'sslmode');
  if (unknown !== undefined) return { ok: false, problem: `knows no ${unknown} in the address, only sslmode` };
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  if (!Object.hasOwn(TLS, mode)) {
    return { ok: false, problem: `sslmode must be one of ${Object.keys(TLS).join(', ')}, not ${mode}` };
  }
  return {
    ok: true,
    address: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 5432),
      database,
      tls: TLS[mode as keyof typeof TLS],
    },
  };
}
