import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** What a TLS connection is opened with, as PEM. What is absent is what Node has by itself, or nothing. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

type Part = keyof TlsMaterial;

/** Something for each part, such as the name of its variable or its file. */
export type TlsParts = Readonly<Record<Part, string | undefined>>;

const PARTS = ['ca', 'cert', 'key'] as const;

/** Reads the files that are named. @throws what the file system throws */
export function readTlsFiles(files: TlsParts): TlsMaterial {
  return Object.fromEntries(
    PARTS.flatMap((part) => (files[part] === undefined ? [] : [[part, readFileSync(files[part], 'utf8')]])),
  );
}

/**
 * What is wrong with the files of a client's TLS: they cannot be read, hold something else, belong to different keys or have
 * expired. Sentences that begin with the name of a variable.
 */
export function tlsProblems(files: TlsParts, names: Readonly<Record<Part, string>>, nowMs: number): readonly string[] {
  const problems = (['cert', 'key'] as const)
    .filter((part) => files[part] === undefined && files[part === 'cert' ? 'key' : 'cert'] !== undefined)
    .map((part) => `${names[part]} must be set, because ${names[part === 'cert' ? 'key' : 'cert']} is`);
  const material: Record<string, string> = {};
  for (const part of PARTS) {
    const file = files[part];
    if (file === undefined) continue;
    try {
      material[part] = readFileSync(file, 'utf8');
      if (part === 'key') createPrivateKey(material[part]);
      else problems.push(...expiryProblems(certificatesIn(material[part]), `${names[part]} (${file})`, nowMs));
    } catch (error) {
      problems.push(`${names[part]} names a file that cannot be used: ${file}: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0 || material['cert'] === undefined || material['key'] === undefined) return problems;
  const [certificate] = certificatesIn(material['cert']);
  return certificate?.checkPrivateKey(createPrivateKey(material['key']))
    ? []
    : [`${names.key} is not the key of the certificate in ${names.cert}`];
}

/** @throws Error when there is none, or one cannot be read */
function certificatesIn(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('it holds no certificate in PEM');
  return blocks.map((block) => new X509Certificate(block));
}

/** Others of a bundle may have expired as long as one has not: it may be the one that counts. */
function expiryProblems(certificates: readonly X509Certificate[], what: string, nowMs: number): readonly string[] {
  const valid = certificates.some(
    ({ validFrom, validTo }) => Date.parse(validFrom) <= nowMs && nowMs <= Date.parse(validTo),
  );
  const [first] = certificates;
  if (valid || first === undefined) return [];
  const expired = Date.parse(first.validTo) < nowMs;
  const when = new Date(Date.parse(expired ? first.validTo : first.validFrom)).toISOString();
  return [`${what} holds a certificate that ${expired ? `has expired on ${when}` : `is valid only from ${when} on`}`];
}
