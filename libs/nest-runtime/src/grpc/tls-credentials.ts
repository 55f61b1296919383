import { ServerCredentials } from '@grpc/grpc-js';
import type { ServerTls } from '@tillstream/doors';
import { secureContext } from '../http/http-adapter';

const HANDSHAKE_TIMEOUT_MS = 10_000;

/** TLS of a gRPC server. Its certificate may change; clients without one that holds are refused in the handshake, if any is asked for. */
export class TlsCredentials extends ServerCredentials {
  constructor(tls: ServerTls) {
    const options = {
      requestCert: tls.asksClients,
      rejectUnauthorized: tls.asksClients,
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    };
    super(options, secureContext(tls.material));
    tls.onChange((material) => this.updateSecureContextOptions(secureContext(material)));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
