import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError, type TlsFiles } from '@tillstream/config';
import { followFiles } from '../files/follow-files';
import { assertHolds, certificatesIn, orConfigError, PemError, privateKeyIn } from './pem';

/** What a server shows, and whom it lets in. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Who signs the certificates of clients; null: none is asked for. */
  readonly clientCa: Buffer | null;
  /** When the server's own certificate expires. */
  readonly expiresMs: number;
}

export interface TlsLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const DAY_MS = 86_400_000;
/** Somebody must have time to see to it. */
const WARN_BEFORE_MS = 14 * DAY_MS;
const LOOK_AT_EXPIRY_EVERY_MS = DAY_MS / 2;

/** By the order of their files. */
const VARIABLES = ['TILLSTREAM_TLS_CERT_FILE', 'TILLSTREAM_TLS_KEY_FILE', 'TILLSTREAM_TLS_CLIENT_CA_FILE'];

/** A certificate and its key as their files have them, read again when these change. */
export class ServerTls {
  private readonly listeners = new Set<(material: TlsMaterial) => void>();
  private readonly stopFollowing: () => void;
  private readonly expiryTimer: NodeJS.Timeout;
  private current: TlsMaterial;

  /** @throws ConfigError when the files cannot be used */
  constructor(
    files: TlsFiles,
    private readonly log: TlsLog,
    private readonly nowMs: () => number,
    everyMs?: number,
  ) {
    const paths = [files.certFile, files.keyFile, ...(files.clientCaFile === null ? [] : [files.clientCaFile])];
    const first = paths.map((path, index) => readOrRefuse(path, VARIABLES[index] ?? ''));
    this.current = orConfigError(() => materialOf(first, paths, nowMs()));
    const follower = {
      take: (contents: readonly Buffer[]): void => {
        this.current = materialOf(contents, paths, nowMs());
        log.info({ files: paths, expires: new Date(this.current.expiresMs) }, 'certificate_taken_up');
        for (const listener of this.listeners) listener(this.current);
        this.warnOfExpiry();
      },
      onProblem: (error: unknown): void => {
        const remedy = 'mend the files; until then the certificate from before is shown';
        log.error({ problem: (error as Error).message, remedy }, 'certificate_not_usable');
      },
    };
    this.stopFollowing = followFiles(paths, first, follower, everyMs);
    this.warnOfExpiry();
    this.expiryTimer = setInterval(() => this.warnOfExpiry(), LOOK_AT_EXPIRY_EVERY_MS).unref();
  }

  get material(): TlsMaterial {
    return this.current;
  }

  /** Whether clients must show a certificate. */
  get asksClients(): boolean {
    return this.current.clientCa !== null;
  }

  /** Calls `listener` with every material from now on. */
  onChange(listener: (material: TlsMaterial) => void): void {
    this.listeners.add(listener);
  }

  stop(): void {
    this.stopFollowing();
    clearInterval(this.expiryTimer);
  }

  private warnOfExpiry(): void {
    const { expiresMs } = this.current;
    if (expiresMs - this.nowMs() > WARN_BEFORE_MS) return;
    this.log.warn({ expires: new Date(expiresMs) }, 'certificate_expires_soon');
  }
}

function readOrRefuse(path: string, variable: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([`${variable}: ${path} cannot be read: ${(error as Error).message}`]);
  }
}

/** @throws PemError when a server could not work with it, or no client would */
function materialOf(contents: readonly Buffer[], paths: readonly string[], nowMs: number): TlsMaterial {
  const [cert = Buffer.alloc(0), key = Buffer.alloc(0), clientCa = null] = contents;
  const [certName = '', keyName = '', caName = ''] = VARIABLES.map((variable, i) => `${variable}: ${paths[i] ?? ''}`);
  const [own] = certificatesIn(cert, certName);
  if (own === undefined) throw new PemError(`${certName} holds no certificate`);
  assertHolds(own, certName, nowMs);
  if (!own.checkPrivateKey(privateKeyIn(key, keyName))) {
    throw new PemError(`${keyName} is not the key of the certificate in ${paths[0] ?? ''}: both must be of one pair`);
  }
  if (clientCa !== null) certificatesIn(clientCa, caName);
  try {
    createSecureContext({ cert, key, ...(clientCa && { ca: clientCa }) });
  } catch (error) {
    throw new PemError(`${certName} cannot be used: ${(error as Error).message}`);
  }
  return { cert, key, clientCa, expiresMs: own.validToDate.getTime() };
}
