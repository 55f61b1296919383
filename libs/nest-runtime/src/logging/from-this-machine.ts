import type { IncomingMessage } from 'node:http';

/** Set by whatever stands between a caller and this machine: then the address is not the caller's. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip'];

/** Does the caller sit on this machine, or in this pod? */
export function isFromThisMachine({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}
