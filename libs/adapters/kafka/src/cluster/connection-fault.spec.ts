import { kafkaFault } from './connection-fault';

describe('a fault of the connection to Kafka', () => {
  it.each([
    [
      'login-refused',
      'SASL SCRAM SHA512 authentication failed: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512',
    ],
    ['login-refused', 'SASL PLAIN authentication failed: Connection closed by the server'],
    ['mechanism-refused', 'The broker does not support the requested SASL mechanism'],
    ['mechanism-refused', 'SASL PLAIN mechanism is not supported by the server'],
    ['not-authorized', 'Not authorized to access topics: [Topic authorization failed]'],
    ['tls-wanted', 'Closed connection'],
    ['no-tls-there', 'Connection error: 0A00010B:SSL routines:ssl3_get_record:wrong version number'],
    ['no-tls-there', 'Client network socket disconnected before secure TLS connection was established'],
    ['untrusted', 'Connection error: unable to verify the first certificate'],
    ['certificate-refused', 'Connection error: ssl3_read_bytes:sslv3 alert bad certificate'],
    ['unreachable', 'Connection error: connect ECONNREFUSED 127.0.0.1:9092'],
    ['unreachable', 'Connection timeout'],
  ])('is %s where it is said: %s', (kind, said) => {
    expect(kafkaFault(new Error('a topic cannot be read', { cause: new Error(said) }))).toEqual({ kind, detail: said });
  });

  it('is none where something else is said', () => {
    expect(kafkaFault(new Error('This server does not host this topic-partition'))).toBeNull();
  });
});
