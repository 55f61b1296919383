import { readFileSync } from 'node:fs';
import { credentials, type ChannelCredentials } from '@grpc/grpc-js';
import { ConfigError, type ClientTlsFiles } from '@tillstream/config';
import { certificatesIn, PemError, privateKeyIn } from './pem';

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

/** @throws PemError when a file cannot be read, or is not what it should be */
export function readClientTls(files: ClientTlsFiles, names: ClientTlsNames = CLIENT_TLS_VARIABLES): ClientTls {
  const read = (file: keyof ClientTlsFiles): Buffer | null => {
    const path = files[file];
    try {
      return path === null ? null : readFileSync(path);
    } catch (error) {
      throw new PemError(`${names[file]}: ${path ?? ''} cannot be read: ${(error as Error).message}`);
    }
  };
  const name = (file: keyof ClientTlsFiles): string => `${names[file]}: ${files[file] ?? ''}`;
  const [ca, cert, key] = [read('caFile'), read('certFile'), read('keyFile')];
  if (ca) certificatesIn(ca, name('caFile'));
  const own = cert && certificatesIn(cert, name('certFile'))[0];
  if (own && key && !own.checkPrivateKey(privateKeyIn(key, name('keyFile')))) {
    throw new PemError(`${name('keyFile')} is not the key of the certificate in ${files.certFile ?? ''}`);
  }
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** As the environment says. @throws ConfigError when a file cannot be used */
export function loadClientTls(files: ClientTlsFiles): ClientTls {
  try {
    return readClientTls(files);
  } catch (error) {
    throw error instanceof PemError ? new ConfigError([error.message]) : error;
  }
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
