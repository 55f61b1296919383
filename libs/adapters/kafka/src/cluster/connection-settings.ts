import { isIP } from 'node:net';
import { connect } from 'node:tls';
import type { ISocketFactory, SASLOptions } from 'kafkajs';
import createSocketFactory from 'kafkajs/src/network/socketFactory';
import type { KafkaLogin, KafkaOptions } from './kafka-options';

const CONNECTION_TIMEOUT_MS = 1_000;
/** A broker that has just started needs a second or two for its first handshakes. */
const TLS_CONNECTION_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 60_000;

/** How kafkajs, whichever of its faces, opens connections. */
export interface ConnectionSettings {
  readonly socketFactory: ISocketFactory;
  readonly ssl?: true;
  readonly sasl?: SASLOptions;
  readonly connectionTimeout: number;
}

/** Certificates and the password are asked for each connection: they may have been renewed since the last one. */
export function connectionSettings({
  tls = null,
  sasl = null,
  socketFactory,
  connectionTimeoutMs,
}: KafkaOptions): ConnectionSettings {
  return {
    socketFactory: socketFactory ?? (tls === null ? (createSocketFactory() as ISocketFactory) : tlsSockets(tls)),
    ...(tls === null ? {} : { ssl: true }),
    ...(sasl === null ? {} : { sasl: saslOf(sasl) }),
    connectionTimeout: connectionTimeoutMs ?? (tls === null ? CONNECTION_TIMEOUT_MS : TLS_CONNECTION_TIMEOUT_MS),
  };
}

function tlsSockets(tls: NonNullable<KafkaOptions['tls']>): ISocketFactory {
  return ({ host, port, onConnect }) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    return connect({ host, port, ...servername, ...tls() }, onConnect).setKeepAlive(true, KEEP_ALIVE_MS);
  };
}

/** kafkajs looks at these whenever it logs in. */
function saslOf({ mechanism, username, password }: KafkaLogin): SASLOptions {
  return {
    mechanism,
    username,
    get password() {
      return password();
    },
  };
}
