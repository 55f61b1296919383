import type { Rule, Values } from './parse-environment';
import { addresses, file, flag, secret, text, urls } from './parsers';
import { secretProblems, secretSource } from './secret-file';
import { readTlsFiles, tlsProblems, type TlsMaterial, type TlsParts } from './tls-files';

export const redisVariables = {
  REDIS_URL: urls(['redis', 'rediss'])
    .optional()
    .describe(
      'Where Redis is, `rediss://` with TLS; a user, a password and the number of a database may stand in it. ' +
        'Some nodes of a Cluster, separated by commas. Needed unless REDIS_SENTINELS is set.',
    ),
  REDIS_USERNAME: text.optional().describe('As whom to log in, if REDIS_URL does not say it.'),
  REDIS_PASSWORD: secret.optional().describe('With which password, if REDIS_URL does not say it.'),
  REDIS_PASSWORD_FILE: file.optional().describe('Or the file that holds it, which is read again for each connection.'),
  REDIS_CA_FILE: file
    .optional()
    .describe('Certificates, in PEM, of who may vouch for Redis. Not set: those that Node knows.'),
  REDIS_CERT_FILE: file.optional().describe('Certificate to show to a Redis that asks for one, in PEM.'),
  REDIS_KEY_FILE: file.optional().describe('Its private key, in PEM.'),
  REDIS_CLUSTER: flag.default(false).describe('REDIS_URL names nodes of a Redis Cluster.'),
  REDIS_SENTINELS: addresses
    .optional()
    .describe(
      'Sentinels to ask for the master, separated by commas. Of REDIS_URL only what precedes the host counts then.',
    ),
  REDIS_SENTINEL_MASTER: text.optional().describe('What the Sentinels call the master.'),
  REDIS_SENTINEL_USERNAME: text.optional().describe('As whom to log in at the Sentinels.'),
  REDIS_SENTINEL_PASSWORD: secret.optional().describe('With which password. Not set: without.'),
};

/** A host and a port of it. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** How to reach Redis. Files are read for each connection: what they hold may be renewed while the process runs. */
export interface RedisConfig {
  readonly at:
    | { readonly kind: 'single'; readonly node: HostPort }
    | { readonly kind: 'cluster'; readonly nodes: readonly HostPort[] }
    | {
        readonly kind: 'sentinel';
        readonly sentinels: readonly HostPort[];
        readonly master: string;
        readonly username: string | null;
        readonly password: string | null;
      };
  readonly database: number;
  readonly username: string | null;
  readonly password: (() => string) | null;
  /** Null: without TLS. */
  readonly tls: (() => TlsMaterial) | null;
}

const DEFAULT_PORT = 6379;
const TLS_NAMES = { ca: 'REDIS_CA_FILE', cert: 'REDIS_CERT_FILE', key: 'REDIS_KEY_FILE' } as const;

type RedisValues = Values<typeof redisVariables>;

/** One way to reach Redis, and not two at once. */
export const redisRule: Rule<typeof redisVariables> = (values) => [
  ...placeProblems(values),
  ...secretProblems(values, 'REDIS_PASSWORD', 'REDIS_PASSWORD_FILE'),
  ...loginProblems(values),
  ...(hasTls(values)
    ? tlsProblems(filesOf(values), TLS_NAMES, Date.now())
    : Object.values(TLS_NAMES)
        .filter((name) => values[name] !== undefined)
        .map((name) => `REDIS_URL must begin with rediss://, because ${name} is set`)),
];

function placeProblems(values: RedisValues): readonly string[] {
  const {
    REDIS_URL: urls,
    REDIS_CLUSTER: isCluster,
    REDIS_SENTINELS: sentinels,
    REDIS_SENTINEL_MASTER: master,
  } = values;
  const problems: string[] = [];
  if (urls === undefined && sentinels === undefined) problems.push('REDIS_URL must be set');
  if (sentinels !== undefined && isCluster)
    problems.push('REDIS_SENTINELS must not be set, because REDIS_CLUSTER is true');
  if (sentinels !== undefined && master === undefined)
    problems.push('REDIS_SENTINEL_MASTER must be set, because REDIS_SENTINELS is');
  if (sentinels === undefined && master !== undefined)
    problems.push('REDIS_SENTINELS must be set, because REDIS_SENTINEL_MASTER is');
  if (urls !== undefined && urls.length > 1 && !isCluster)
    problems.push('REDIS_URL names more than one server, so REDIS_CLUSTER must be true');
  if (new Set(urls?.map((url) => new URL(url).protocol)).size > 1)
    problems.push('REDIS_URL must begin with rediss:// for all servers or for none');
  if (isCluster && (urls ?? []).some((url) => databaseOf(url) !== 0))
    problems.push('REDIS_URL must not name a database, because REDIS_CLUSTER is true: a Cluster has only one');
  if ((urls ?? []).some((url) => Number.isNaN(databaseOf(url))))
    problems.push('REDIS_URL must end with the number of a database, or with none');
  return problems;
}

/** A name or a password in REDIS_URL and another beside it: nobody could tell which one is meant. */
function loginProblems({ REDIS_URL: urls = [], ...values }: RedisValues): readonly string[] {
  const inUrl = (part: 'username' | 'password'): boolean => urls.some((url) => new URL(url)[part] !== '');
  const twice = (name: 'REDIS_USERNAME' | 'REDIS_PASSWORD' | 'REDIS_PASSWORD_FILE', part: 'username' | 'password') =>
    values[name] !== undefined && inUrl(part) ? [`${name} must not be set, because REDIS_URL has a ${part}`] : [];
  return [
    ...twice('REDIS_USERNAME', 'username'),
    ...twice('REDIS_PASSWORD', 'password'),
    ...twice('REDIS_PASSWORD_FILE', 'password'),
  ];
}

export function redisConfig(values: RedisValues): RedisConfig {
  const urls = (values.REDIS_URL ?? []).map((url) => new URL(url));
  const inUrl = (part: 'username' | 'password'): string | undefined =>
    urls.map((url) => decodeURIComponent(url[part])).find((found) => found !== '');
  const files = filesOf(values);
  return {
    at: placeOf(values, urls),
    database: databaseOf(values.REDIS_URL?.[0] ?? 'redis://none'),
    username: inUrl('username') ?? values.REDIS_USERNAME ?? null,
    password: secretSource(inUrl('password') ?? values.REDIS_PASSWORD, values.REDIS_PASSWORD_FILE),
    tls: hasTls(values) ? () => readTlsFiles(files) : null,
  };
}

function placeOf(values: RedisValues, urls: readonly URL[]): RedisConfig['at'] {
  if (values.REDIS_SENTINELS !== undefined) {
    return {
      kind: 'sentinel',
      sentinels: values.REDIS_SENTINELS.map((address) => hostPort(new URL(`redis://${address}`))),
      master: values.REDIS_SENTINEL_MASTER ?? '',
      username: values.REDIS_SENTINEL_USERNAME ?? null,
      password: values.REDIS_SENTINEL_PASSWORD ?? null,
    };
  }
  const nodes = urls.map(hostPort);
  return values.REDIS_CLUSTER ? { kind: 'cluster', nodes } : { kind: 'single', node: nodes[0]! };
}

function hostPort({ hostname, port }: URL): HostPort {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port) };
}

/** NaN: it is no number. */
function databaseOf(url: string): number {
  const [, digits] = /^\/?(\d*)$/.exec(new URL(url).pathname) ?? [];
  return digits === undefined ? NaN : Number(digits);
}

/** Without a URL, because Sentinels say where Redis is, files of TLS say that it is spoken. */
function hasTls({ REDIS_URL: urls, ...values }: RedisValues): boolean {
  if (urls !== undefined) return urls.some((url) => new URL(url).protocol === 'rediss:');
  return Object.values(TLS_NAMES).some((name) => values[name] !== undefined);
}

function filesOf(values: RedisValues): TlsParts {
  return { ca: values.REDIS_CA_FILE, cert: values.REDIS_CERT_FILE, key: values.REDIS_KEY_FILE };
}
