import { chown, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { run } from './command.mjs';

/**
 * Somebody who may run a server that refuses to run as root.
 *
 * @typedef {{ uid: number, gid: number }} Account
 */

/**
 * As whom a server runs that refuses root: `name` where there is such a user, else `nobody`.
 *
 * @param {string} name
 * @returns {Promise<Account | undefined>} undefined: as whoever runs this, who is not root
 */
export async function unprivileged(name) {
  if (process.getuid?.() !== 0) return undefined;
  for (const user of [name, 'nobody']) {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, user])));
    if (uid?.code === 0 && gid?.code === 0) return { uid: Number(uid.output), gid: Number(gid.output) };
  }
  throw new Error(`it does not run as root, and there is neither a user ${name} nor nobody`);
}

/**
 * Gives a directory to an account.
 *
 * @param {string} directory
 * @param {Account | undefined} account
 * @throws {Error} when the account cannot get there
 */
export async function giveTo(directory, account) {
  if (!account) return;
  const closed = await closedTo(dirname(directory), account);
  if (closed !== undefined) {
    throw new Error(`user ${account.uid} cannot enter ${closed}: chmod o+x ${closed}, or give another data directory`);
  }
  await chown(directory, account.uid, account.gid);
}

/**
 * @param {string} directory
 * @param {Account} account
 * @returns {Promise<string | undefined>} the outermost directory on the way that the account cannot pass
 */
export async function closedTo(directory, account) {
  const above = dirname(directory) === directory ? undefined : await closedTo(dirname(directory), account);
  if (above !== undefined) return above;
  const { mode, uid, gid } = await stat(directory);
  const mask = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
  return (mode & mask) === 0 ? directory : undefined;
}
