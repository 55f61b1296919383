import { COMMON_SIGNS, faultOf, type CommonFault, type ConnectionFault, type FaultSign } from '@tillstream/core';

/** Why Redis does not do what it is asked, where the reason is one that an operator can mend. */
export type RedisFault = ConnectionFault<
  | CommonFault
  | 'tls-wanted'
  | 'login-refused'
  | 'login-wanted'
  | 'not-authorized'
  | 'no-cluster'
  | 'is-cluster'
  | 'no-sentinel'
  | 'read-only'
>;

/** What Redis and ioredis say, most telling first. */
const SIGNS: readonly FaultSign<RedisFault['kind']>[] = [
  [/sentinels are unreachable.*(WRONGPASS|NOAUTH|ECONNREFUSED|ENOTFOUND)/i, 'no-sentinel'],
  [/WRONGPASS|invalid (username-password|password)/i, 'login-refused'],
  [/NOAUTH/, 'login-wanted'],
  [/NOPERM|no permissions/i, 'not-authorized'],
  [/cluster support disabled/i, 'no-cluster'],
  [/^MOVED /, 'is-cluster'],
  [/^READONLY/, 'read-only'],
  ...COMMON_SIGNS,
  [/sentinels are unreachable/i, 'no-sentinel'],
  [/closed the connection before/i, 'tls-wanted'],
];

/** What of a failure is about the connection; null where it is about something else. */
export function redisFault(error: unknown): RedisFault | null {
  return faultOf(error, SIGNS);
}
