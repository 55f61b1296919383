import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type X509Certificate,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** A certificate with its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** From when on and until when a certificate holds, in days from now. */
export interface Span {
  readonly fromDays: number;
  readonly toDays: number;
}

const AROUND_NOW: Span = { fromDays: -1, toDays: 30 };

/** Somebody who signs certificates, for tests. */
export class Authority {
  private serial = 1;

  private constructor(
    private readonly keys: webcrypto.CryptoKeyPair,
    private readonly certificate: X509Certificate,
  ) {}

  static async create(name: string, span: Span = AROUND_NOW): Promise<Authority> {
    cryptoProvider.set(crypto);
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      ...{ serialNumber: '01', name: `CN=${name}`, ...datesOf(span), signingAlgorithm: ALGORITHM, keys },
      extensions: [new BasicConstraintsExtension(true, 1, true)],
    });
    return new Authority(keys, certificate);
  }

  /** Its own certificate. */
  get pem(): string {
    return this.certificate.toString('pem');
  }

  /** Signs a certificate for 127.0.0.1 and localhost. */
  async sign(name: string, span: Span = AROUND_NOW): Promise<Pair> {
    const keys = await newKeys();
    this.serial += 1;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: this.serial.toString(16).padStart(2, '0'),
      subject: `CN=${name}`,
      issuer: this.certificate.subject,
      ...datesOf(span),
      ...{ signingAlgorithm: ALGORITHM, publicKey: keys.publicKey, signingKey: this.keys.privateKey },
      extensions: [
        new SubjectAlternativeNameExtension([
          { type: 'ip', value: '127.0.0.1' },
          { type: 'dns', value: 'localhost' },
        ]),
      ],
    });
    return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) };
  }
}

/** Writes a pair as `<name>.pem` and `<name>.key`. */
export function writePair(
  directory: string,
  name: string,
  { cert, key }: Pair,
): { readonly certFile: string; readonly keyFile: string } {
  const [certFile, keyFile] = [join(directory, `${name}.pem`), join(directory, `${name}.key`)];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile };
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function datesOf({ fromDays, toDays }: Span): { readonly notBefore: Date; readonly notAfter: Date } {
  const nowMs = Date.now();
  return { notBefore: new Date(nowMs + fromDays * DAY_MS), notAfter: new Date(nowMs + toDays * DAY_MS) };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}
