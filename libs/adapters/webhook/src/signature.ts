import { createHmac } from 'node:crypto';

/**
 * The header `Tillstream-Signature`: `t=1767657600,v1=<hex>`, where v1 is the HMAC-SHA256 of the seconds, a dot and the body.
 * With several secrets there is a v1 for each, so that a receiver can change from one to the next while both are valid.
 */
export function signatureOf(body: Uint8Array, secrets: readonly string[], nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  const signatures = secrets.map((secret) => {
    return `v1=${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')}`;
  });
  return [`t=${seconds}`, ...signatures].join(',');
}
