import { fingerprint } from './cache.mjs';
import { isOnPath, run } from './command.mjs';

/** @returns {Promise<boolean>} whether a Docker engine answers */
export async function hasDocker() {
  return isOnPath('docker') && (await run('docker', ['info'])).code === 0;
}

/**
 * A command in a container that behaves like one on the machine: same network, same directory, SIGTERM passed on, gone
 * when it ends. There is one container a directory and kind: what a client killed hard left behind is removed first.
 *
 * @param {{ image: string, directory: string, command: string[] }} options
 */
export function dockerCommand({ image, directory, command: [entrypoint = '', ...args] }) {
  const name = `tillstream-${fingerprint(`${directory} ${entrypoint}`)}`;
  const user = `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`;
  const options = ['--rm', '--init', '--network', 'host', '--user', user, '--volume', `${directory}:${directory}`];
  const script = 'docker rm --force "$0" >/dev/null 2>&1; exec docker run --name "$0" "$@"';
  return { command: 'sh', args: ['-c', script, name, ...options, '--entrypoint', entrypoint, image, ...args] };
}
