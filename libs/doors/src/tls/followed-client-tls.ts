import type { ClientTlsFiles } from '@tillstream/config';
import { followFiles } from '../files/follow-files';
import { CLIENT_TLS_VARIABLES, clientTlsOf, contentsOf, pathsOf, type ClientTls } from './client-tls';
import { orConfigError } from './pem';
import type { TlsLog } from './server-tls';

/** What a client trusts and shows at any time. */
export interface CurrentClientTls {
  /** Another object when it has changed; for connections that are made from then on. */
  readonly current: ClientTls;
}

/** The same, kept up with its files. */
export interface FollowedClientTls extends CurrentClientTls {
  /** Reads the files no more. */
  stop(): void;
}

/**
 * Reads what a client trusts and shows, and again when its files change: certificates that are signed for days are exchanged while
 * it runs. Files that cannot be used later on leave what holds, and are told of.
 *
 * @throws ConfigError when the files cannot be used at the start
 */
export function followClientTls(files: ClientTlsFiles, log: Omit<TlsLog, 'warn'>, everyMs?: number): FollowedClientTls {
  const paths = pathsOf(files);
  const first = orConfigError(() => contentsOf(files, CLIENT_TLS_VARIABLES));
  let current = orConfigError(() => clientTlsOf(first, files, CLIENT_TLS_VARIABLES));
  const follower = {
    take: (contents: readonly Buffer[]): void => {
      current = clientTlsOf(contents, files, CLIENT_TLS_VARIABLES);
      log.info({ files: paths }, 'client_certificate_taken_up');
    },
    onProblem: (error: unknown): void => {
      const remedy = 'mend the files; until then what they held before is trusted and shown';
      log.error({ problem: (error as Error).message, remedy }, 'client_certificate_not_usable');
    },
  };
  return {
    get current() {
      return current;
    },
    stop: paths.length === 0 ? () => undefined : followFiles(paths, first, follower, everyMs),
  };
}
