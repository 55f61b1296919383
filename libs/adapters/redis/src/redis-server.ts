import type { ConnectionOptions } from 'node:tls';

/** A host and a port of it. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is: one server, some nodes of a Cluster, or Sentinels that know the master. */
export type RedisPlace =
  | { readonly kind: 'single'; readonly node: RedisAddress }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[] }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      /** What the Sentinels call it. */
      readonly master: string;
      /** At the Sentinels; null: they ask for none. */
      readonly username: string | null;
      readonly password: string | null;
    };

/** How to reach Redis. What is a function is asked for each connection: passwords and certificates are renewed. */
export interface RedisServer {
  readonly at: RedisPlace;
  readonly database: number;
  readonly username: string | null;
  readonly password: (() => string) | null;
  /** Null: without TLS. */
  readonly tls: (() => ConnectionOptions) | null;
}

/** The server that a URL names, as `redis://user:password@host:port/database`. */
export function serverAt(url: string): RedisServer {
  const { protocol, hostname, port, username, password, pathname } = new URL(url);
  return {
    at: { kind: 'single', node: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 6379) } },
    database: Number(pathname.slice(1)),
    username: username === '' ? null : decodeURIComponent(username),
    password: password === '' ? null : () => decodeURIComponent(password),
    tls: protocol === 'rediss:' ? () => ({}) : null,
  };
}
