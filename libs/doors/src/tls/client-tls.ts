import { readFileSync } from 'node:fs';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import type { ClientTlsFiles } from '@tillstream/config';
import { certificatesIn, orConfigError, PemError, privateKeyIn } from './pem';

/** What a client trusts, and what it shows. Nothing of it: what the system trusts, and no certificate. */
export interface ClientTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** As problems name the files: a variable, an option. */
export type ClientTlsNames = Readonly<Record<keyof ClientTlsFiles, string>>;

export const CLIENT_TLS_VARIABLES: ClientTlsNames = {
  caFile: 'TILLSTREAM_CA_FILE',
  certFile: 'TILLSTREAM_CLIENT_CERT_FILE',
  keyFile: 'TILLSTREAM_CLIENT_KEY_FILE',
};

/** Those of the files that are named, in an order of their own. */
const PARTS = ['caFile', 'certFile', 'keyFile'] as const;
const partsOf = (files: ClientTlsFiles) => PARTS.filter((part) => files[part] !== null);
export const pathsOf = (files: ClientTlsFiles): readonly string[] => partsOf(files).map((part) => files[part] ?? '');

/** @throws PemError when a file cannot be read, or is not what it should be */
export function readClientTls(files: ClientTlsFiles, names: ClientTlsNames = CLIENT_TLS_VARIABLES): ClientTls {
  return clientTlsOf(contentsOf(files, names), files, names);
}

/** What the files hold, in the order of their paths. @throws PemError when one cannot be read */
export function contentsOf(files: ClientTlsFiles, names: ClientTlsNames): readonly Buffer[] {
  return partsOf(files).map((part) => {
    const path = files[part] ?? '';
    try {
      return readFileSync(path);
    } catch (error) {
      throw new PemError(`${names[part]}: ${path} cannot be read: ${(error as Error).message}`);
    }
  });
}

/** @param contents as `contentsOf` has them @throws PemError when one of them is not what it should be */
export function clientTlsOf(contents: readonly Buffer[], files: ClientTlsFiles, names: ClientTlsNames): ClientTls {
  const given = partsOf(files);
  const [ca, cert, key] = PARTS.map((part) => contents[given.indexOf(part)]);
  const name = (part: keyof ClientTlsFiles): string => `${names[part]}: ${files[part] ?? ''}`;
  if (ca) certificatesIn(ca, name('caFile'));
  const own = cert && certificatesIn(cert, name('certFile'))[0];
  if (own && key && !own.checkPrivateKey(privateKeyIn(key, name('keyFile')))) {
    throw new PemError(`${name('keyFile')} is not the key of the certificate in ${files.certFile ?? ''}`);
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** The files that the environment names, once they were found usable. @throws ConfigError */
export function usableClientTls(files: ClientTlsFiles): ClientTlsFiles {
  orConfigError(() => readClientTls(files));
  return files;
}

/** Where a gRPC client connects to, and how. */
export interface GrpcTarget {
  /** `host:port` */
  readonly address: string;
  readonly credentials: ChannelCredentials;
}

const SECURE = 'grpcs://';

/** `grpcs://host:port` is reached over TLS, `host:port` without. */
export function grpcTarget(address: string, { ca = null, key = null, cert = null }: Nullable<ClientTls>): GrpcTarget {
  return address.startsWith(SECURE)
    ? { address: address.slice(SECURE.length), credentials: credentials.createSsl(ca, key, cert) }
    : { address, credentials: credentials.createInsecure() };
}

type Nullable<Type> = { readonly [Name in keyof Type]?: Type[Name] | null };
