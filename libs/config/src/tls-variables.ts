import { file } from './parsers';
import type { Rule, Values } from './parse-environment';

/** Of a service's own doors, HTTP and gRPC. */
export const serverTlsVariables = {
  TILLSTREAM_TLS_CERT_FILE: file
    .optional()
    .describe('PEM: the certificate, and what leads from it to one that clients trust. Read again when it changes.'),
  TILLSTREAM_TLS_KEY_FILE: file.optional().describe('PEM: its private key.'),
  TILLSTREAM_TLS_CLIENT_CA_FILE: file
    .optional()
    .describe(
      'PEM: who signs the certificates that clients must show then. `/healthz`, `/readyz` and `/metrics` are open without.',
    ),
};

/** Where a server's certificate is. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Null: clients are asked for no certificate. */
  readonly clientCaFile: string | null;
}

/** A certificate is of no use without its key, nor the certificates of clients without TLS. */
export const serverTlsRule: Rule<typeof serverTlsVariables> = (values) => {
  const { TILLSTREAM_TLS_CERT_FILE: cert, TILLSTREAM_TLS_KEY_FILE: key, TILLSTREAM_TLS_CLIENT_CA_FILE: ca } = values;
  return [
    ...(cert === undefined && (key ?? ca) !== undefined
      ? [`TILLSTREAM_TLS_CERT_FILE must be set, because ${key === undefined ? CA : KEY} is`]
      : []),
    ...(key === undefined && cert !== undefined
      ? ['TILLSTREAM_TLS_KEY_FILE must be set, because TILLSTREAM_TLS_CERT_FILE is']
      : []),
  ];
};

const KEY = 'TILLSTREAM_TLS_KEY_FILE';
const CA = 'TILLSTREAM_TLS_CLIENT_CA_FILE';

export function serverTls(values: Values<typeof serverTlsVariables>): TlsFiles | null {
  const { TILLSTREAM_TLS_CERT_FILE: certFile, TILLSTREAM_TLS_KEY_FILE: keyFile } = values;
  if (certFile === undefined || keyFile === undefined) return null;
  return { certFile, keyFile, clientCaFile: values.TILLSTREAM_TLS_CLIENT_CA_FILE ?? null };
}

/** Of whoever asks another service of ours: over TLS where its address says https:// or grpcs://. */
export const clientTlsVariables = {
  TILLSTREAM_CA_FILE: file
    .optional()
    .describe('PEM: who signs the certificates of servers. Not set: whom the system trusts.'),
  TILLSTREAM_CLIENT_CERT_FILE: file.optional().describe('PEM: what is shown to servers that ask for a certificate.'),
  TILLSTREAM_CLIENT_KEY_FILE: file.optional().describe('PEM: its private key.'),
};

/** What a client trusts, and what it shows; null: nothing of its own. */
export interface ClientTlsFiles {
  readonly caFile: string | null;
  readonly certFile: string | null;
  readonly keyFile: string | null;
}

/** A certificate is shown with its key or not at all. */
export const clientTlsRule: Rule<typeof clientTlsVariables> = (values) => {
  const [cert, key] = ['TILLSTREAM_CLIENT_CERT_FILE', 'TILLSTREAM_CLIENT_KEY_FILE'] as const;
  if ((values[cert] === undefined) === (values[key] === undefined)) return [];
  const [missing, set] = values[cert] === undefined ? [cert, key] : [key, cert];
  return [`${missing} must be set, because ${set} is`];
};

export function clientTls(values: Values<typeof clientTlsVariables>): ClientTlsFiles {
  return {
    caFile: values.TILLSTREAM_CA_FILE ?? null,
    certFile: values.TILLSTREAM_CLIENT_CERT_FILE ?? null,
    keyFile: values.TILLSTREAM_CLIENT_KEY_FILE ?? null,
  };
}
