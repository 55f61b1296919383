/** Why a connection does not come about, as an adapter finds out. */
export interface Fault {
  readonly kind: string;
  readonly detail: string;
}

/** What an operator reads of a fault: which variable to look at, and what was said. */
type Explanations = Readonly<Record<string, string>>;

/** Faults of TLS, by the names of the variables that a server's TLS is told by. */
function tlsExplanations(server: string, ca: string, cert: string, off: string): Explanations {
  return {
    'no-tls-there': `${server} does not speak TLS there: ${off}`,
    untrusted: `the certificate of ${server} is not vouched for by anyone in ${ca}: name the file of its CA there`,
    expired: `the certificate of ${server}, or of its CA in ${ca}, is not valid at this time: renew it, or set the clock right`,
    'other-name': `the certificate of ${server} is for another name than the one it is reached by`,
    'certificate-refused': `${server} refuses the certificate in ${cert}, or misses one: name one that its CA has signed`,
  };
}

const KAFKA: Explanations = {
  ...tlsExplanations(
    'Kafka',
    'KAFKA_SSL_CA_FILE',
    'KAFKA_SSL_CERT_FILE',
    'set KAFKA_SSL=false, or name the port for TLS in KAFKA_BROKERS',
  ),
  unreachable: 'no broker answers at KAFKA_BROKERS',
  'cut-off':
    'Kafka cuts the connection: set KAFKA_SSL=true if that port is for TLS, or false if it is not, and name a certificate in KAFKA_SSL_CERT_FILE if it wants one',
  'tls-wanted':
    'Kafka hangs up: set KAFKA_SSL=true if that port is for TLS, and KAFKA_SASL_MECHANISM if it wants a login, or name another in KAFKA_BROKERS',
  'login-refused': 'Kafka refuses the login: KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD is wrong',
  'mechanism-refused': 'Kafka does not know the login of KAFKA_SASL_MECHANISM',
  'not-authorized':
    'Kafka does not allow it to the user of KAFKA_SASL_USERNAME or of the certificate in KAFKA_SSL_CERT_FILE',
};

const REDIS: Explanations = {
  ...tlsExplanations(
    'Redis',
    'REDIS_CA_FILE',
    'REDIS_CERT_FILE',
    'let REDIS_URL begin with redis://, or name the port for TLS',
  ),
  unreachable: 'nobody answers at REDIS_URL, or nobody who speaks TLS if it begins with rediss://',
  'cut-off':
    'Redis cuts the connection: let REDIS_URL begin with rediss:// if that port is for TLS, or with redis:// if it is not, and name a certificate in REDIS_CERT_FILE if it wants one',
  'tls-wanted': 'Redis hangs up: let REDIS_URL begin with rediss:// if that port is for TLS',
  'login-refused': 'Redis refuses the login: REDIS_USERNAME or REDIS_PASSWORD is wrong, or what REDIS_URL has of them',
  'login-wanted': 'Redis wants a login: set REDIS_PASSWORD, and REDIS_USERNAME if it has users',
  'not-authorized':
    'Redis does not allow it to the user of REDIS_USERNAME: give it the permissions of docs/configuration.md',
  'no-cluster': 'Redis is no Cluster: set REDIS_CLUSTER=false',
  'is-cluster': 'Redis is a Cluster: set REDIS_CLUSTER=true',
  'no-sentinel': 'none of REDIS_SENTINELS tells where the master is that REDIS_SENTINEL_MASTER names',
  'read-only': 'Redis is a replica, which takes no writes: name the master in REDIS_URL, or REDIS_SENTINELS',
};

/** As a sentence that names the variable to look at; null for no fault. */
export const explainKafkaFault = (fault: Fault | null): string | null => explain(KAFKA, fault);

/** As a sentence that names the variable to look at; null for no fault. */
export const explainRedisFault = (fault: Fault | null): string | null => explain(REDIS, fault);

function explain(explanations: Explanations, fault: Fault | null): string | null {
  if (fault === null) return null;
  const { kind, detail } = fault;
  const explanation = explanations[kind];
  return explanation === undefined ? detail : `${explanation} (${detail})`;
}
