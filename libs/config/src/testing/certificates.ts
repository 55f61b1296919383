import 'reflect-metadata';
import { randomBytes, type webcrypto } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

/** A certificate and its private key, as PEM. */
export interface Certified {
  readonly cert: string;
  /** In PKCS #8. */
  readonly key: string;
}

/** What a certificate says. */
export interface Said {
  readonly name: string;
  /** Names and IP addresses of a server. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Who vouches for others. */
export interface Authority extends Certified {
  issue(said: Said): Promise<Certified>;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** A new authority, whom nobody knows yet. */
export async function anAuthority(said: Said): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const own = await x509.X509CertificateGenerator.createSelfSigned({
    ...common(said),
    keys,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    ...(await pemOf(own, keys.privateKey)),
    issue: async (subject) => {
      const theirs = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
      const certificate = await x509.X509CertificateGenerator.create({
        ...{ subject: `CN=${subject.name}`, issuer: own.subject },
        ...validity(subject),
        ...{ serialNumber: aSerialNumber(), signingAlgorithm: ALGORITHM },
        ...{ publicKey: theirs.publicKey, signingKey: keys.privateKey },
        extensions: [new x509.SubjectAlternativeNameExtension(hostNames(subject.hosts ?? []))],
      });
      return pemOf(certificate, theirs.privateKey);
    },
  };
}

function common(said: Said) {
  return {
    name: `CN=${said.name}`,
    ...validity(said),
    serialNumber: aSerialNumber(),
    signingAlgorithm: ALGORITHM,
  };
}

function validity({ notBefore, notAfter }: Said): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: notBefore ?? new Date(now - DAY_MS), notAfter: notAfter ?? new Date(now + DAY_MS) };
}

/** A positive one. */
const aSerialNumber = (): string => `01${randomBytes(8).toString('hex')}`;

function hostNames(hosts: readonly string[]): x509.JsonGeneralNames {
  return hosts.map((value) => ({ type: /^[\d.]+$/.test(value) ? 'ip' : 'dns', value }));
}

async function pemOf(certificate: x509.X509Certificate, key: webcrypto.CryptoKey): Promise<Certified> {
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', key);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

/** A directory of one test, whose files are named by what is put there. */
export class FilesForTests {
  readonly directory = mkdtempSync(join(tmpdir(), 'tillstream-files-'));

  /** @returns the path */
  put(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
