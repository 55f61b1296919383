import { PemError, readClientTls, type ClientTls } from '@tillstream/doors';
import type { Command } from 'commander';
import { CliError, type CliContext } from '../cli-context';

/** What is trusted, and what is shown, where an address says https:// or grpcs://. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
}

export function withTlsOptions(command: Command): Command {
  return command
    .option(
      '--ca <file>',
      'who signs the certificates of servers, PEM (default: TILLSTREAM_CA_FILE, else the system’s)',
    )
    .option('--cert <file>', 'client certificate to show, PEM (default: TILLSTREAM_CLIENT_CERT_FILE)')
    .option('--cert-key <file>', 'its key, PEM (default: TILLSTREAM_CLIENT_KEY_FILE)');
}

/** @throws CliError when a file cannot be used */
export function tlsOf(options: TlsOptions, { environment }: Pick<CliContext, 'environment'>): ClientTls {
  const given = (option: string | undefined, variable: string): string | null =>
    option ?? (environment[variable] || null);
  const files = {
    caFile: given(options.ca, 'TILLSTREAM_CA_FILE'),
    certFile: given(options.cert, 'TILLSTREAM_CLIENT_CERT_FILE'),
    keyFile: given(options.certKey, 'TILLSTREAM_CLIENT_KEY_FILE'),
  };
  if ((files.certFile === null) !== (files.keyFile === null)) {
    throw new CliError('a client certificate is shown with its key', 'Give both --cert and --cert-key, or neither.');
  }
  try {
    return readClientTls(files, { caFile: '--ca', certFile: '--cert', keyFile: '--cert-key' });
  } catch (error) {
    throw error instanceof PemError ? new CliError(error.message) : error;
  }
}

/** Codes of errors in which no other attempt will end otherwise: the one side does not take what the other shows. */
const REFUSED = /CERT|SELF_SIGNED|UNABLE_TO|ISSUER|SSL|EPROTO|certificate|wrong version number|tlsv1|bad record/;

/** Whether it is TLS that keeps the two sides apart. */
export const isTlsProblem = (text: string): boolean => REFUSED.test(text);

/** What to try then. */
export const TLS_REMEDY =
  'Give --ca with who has signed its certificate, and --cert with --cert-key where it asks for one. https:// and grpcs:// are for servers with TLS.';
