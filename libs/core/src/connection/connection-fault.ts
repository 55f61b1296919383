/** Why a connection does not come about, where an operator can mend it: a kind, and what was said of it. */
export interface ConnectionFault<Kind extends string> {
  readonly kind: Kind;
  readonly detail: string;
}

/** By what is said when one kind of fault is there. */
export type FaultSign<Kind extends string> = readonly [sign: RegExp, kind: Kind];

/** What goes wrong on the way to any server, and in TLS. */
export type CommonFault =
  'unreachable' | 'cut-off' | 'no-tls-there' | 'untrusted' | 'expired' | 'other-name' | 'certificate-refused';

/** What OpenSSL and Node say, most telling first. */
export const COMMON_SIGNS: readonly FaultSign<CommonFault>[] = [
  [/wrong version number|packet length too long|record layer failure|http request/i, 'no-tls-there'],
  [/certificate has expired|CERT_HAS_EXPIRED|certificate is not yet valid/i, 'expired'],
  [/does not match certificate's altnames/i, 'other-name'],
  [/self[- ]signed certificate|unable to (verify|get) .*certificate|invalid ca certificate/i, 'untrusted'],
  [/alert (bad certificate|unknown ca|certificate|handshake failure)|certificate required/i, 'certificate-refused'],
  [/disconnected before secure TLS connection/i, 'no-tls-there'],
  // Whoever is refused in TLS 1.3 may find the connection gone before it has read why.
  [/ECONNRESET|EPIPE/, 'cut-off'],
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|connection timeout/i, 'unreachable'],
];

/** Causes of causes that are looked at. */
const MAX_DEPTH = 10;

/** The first sign that an error, or one that it comes from, shows; null where it is about something else. */
export function faultOf<Kind extends string>(
  error: unknown,
  signs: readonly FaultSign<Kind>[],
): ConnectionFault<Kind> | null {
  const said = sayings(error);
  for (const [sign, kind] of signs) {
    const detail = said.find((text) => sign.test(text));
    if (detail !== undefined) return { kind, detail };
  }
  return null;
}

function sayings(error: unknown): readonly string[] {
  const said: string[] = [];
  for (let cause = error; hasMessage(cause) && said.length < MAX_DEPTH; cause = causeOf(cause))
    said.push(cause.message);
  return said;
}

/** An error, of whichever realm: one of the run time is none of the realm that a test runs in. */
const hasMessage = (value: unknown): value is Error =>
  typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';

/** ioredis keeps what a node of a Cluster said beside the cause. */
function causeOf(error: Error): unknown {
  return 'lastNodeError' in error && error.lastNodeError !== undefined ? error.lastNodeError : error.cause;
}
