import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { ConfigError } from '@tillstream/config';

/** A file that is not what it should be; the message says which, why, and what would help. */
export class PemError extends Error {
  override readonly name = 'PemError';
  readonly code = 'PEM_UNUSABLE';
}

/** All certificates of a PEM, in order. @param what as problems name it @throws PemError */
export function certificatesIn(pem: Buffer, what: string): X509Certificate[] {
  const blocks = pem.toString('latin1').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0)
    throw new PemError(`${what} holds no certificate: it must begin with -----BEGIN CERTIFICATE-----`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new PemError(`${what}: certificate ${index + 1} cannot be read: is the file whole?`);
    }
  });
}

/** @throws PemError */
export function privateKeyIn(pem: Buffer, what: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    const isEncrypted = /ENCRYPTED/.test(pem.toString('latin1'));
    throw new PemError(
      isEncrypted
        ? `${what} is encrypted: give it without a passphrase (openssl pkey -in … -out …), readable for the service alone`
        : `${what} holds no private key: it must begin with -----BEGIN PRIVATE KEY-----`,
    );
  }
}

/** @throws PemError when the certificate does not hold at this time */
export function assertHolds({ validFromDate, validToDate }: X509Certificate, what: string, nowMs: number): void {
  if (nowMs < validFromDate.getTime()) {
    throw new PemError(
      `${what} does not hold before ${validFromDate.toISOString()}: is the clock of this machine right?`,
    );
  }
  if (nowMs >= validToDate.getTime()) {
    throw new PemError(`${what} has expired on ${validToDate.toISOString()}: put a new certificate in its place`);
  }
}

/** @throws ConfigError in the place of a PemError: what the environment names cannot be used */
export function orConfigError<Result>(make: () => Result): Result {
  try {
    return make();
  } catch (error) {
    throw error instanceof PemError ? new ConfigError([error.message]) : error;
  }
}
