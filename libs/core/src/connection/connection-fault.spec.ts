import { COMMON_SIGNS, faultOf } from './connection-fault';

const kindOf = (...said: readonly string[]): string | undefined => {
  const error = said.reduceRight<Error | undefined>((cause, message) => new Error(message, { cause }), undefined);
  return faultOf(error, COMMON_SIGNS)?.kind;
};

describe('why a connection does not come about', () => {
  it.each([
    ['write ECONNRESET', 'cut-off'],
    ['write EPIPE', 'cut-off'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'unreachable'],
    ['getaddrinfo ENOTFOUND redis', 'unreachable'],
    ['ssl3_read_bytes:tlsv13 alert certificate required', 'certificate-refused'],
    ['self-signed certificate in certificate chain', 'untrusted'],
    ['certificate has expired', 'expired'],
    ['wrong version number', 'no-tls-there'],
  ])('is told by what is said of it: %s', (said, kind) => {
    expect(kindOf(said)).toBe(kind);
    expect(kindOf('the connection failed', said)).toBe(kind);
  });

  it('is what tells most of it, wherever it stands', () => {
    expect(kindOf('read ECONNRESET', 'alert certificate required')).toBe('certificate-refused');
    expect(kindOf('connect ECONNREFUSED', 'read ECONNRESET')).toBe('cut-off');
    expect(kindOf('no such topic')).toBeUndefined();
  });
});
