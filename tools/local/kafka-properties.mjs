import { join } from 'node:path';

/**
 * The settings of one broker of the local stack: one machine, small, quick to come back.
 *
 * @param {import('./kafka.mjs').Seat} seat
 * @param {import('./kafka.mjs').Seat[]} seats
 * @returns {Record<string, string>}
 */
export function brokerProperties(seat, seats) {
  const copies = String(seats.length);
  const needed = String(Math.max(1, seats.length - 1));
  return {
    'process.roles': 'broker,controller',
    'node.id': String(seat.nodeId),
    'controller.quorum.voters': seats.map((other) => `${other.nodeId}@127.0.0.1:${other.controllerPort}`).join(','),
    listeners: `PLAINTEXT://127.0.0.1:${seat.port},CONTROLLER://127.0.0.1:${seat.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${seat.port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(seat.directory, 'log'),

    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'default.replication.factor': copies,
    'min.insync.replicas': needed,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': '10',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': needed,
    'transaction.state.log.num.partitions': '2',
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': needed,
    'message.max.bytes': '16777216',
    'replica.fetch.max.bytes': '16777216',

    // A killed consumer's partitions, and a killed broker itself, are back after a second or two rather than ten.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'broker.session.timeout.ms': '1500',
    'broker.heartbeat.interval.ms': '300',

    'num.network.threads': '2',
    'num.io.threads': '4',
    'background.threads': '2',
    'num.recovery.threads.per.data.dir': '2',
    'log.cleaner.dedupe.buffer.size': '16777216',
  };
}

/** @param {Record<string, string>} properties */
export function propertiesText(properties) {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('');
}

/** Warnings and what is worse, to standard output. */
export function log4jProperties() {
  return propertiesText({
    'log4j.rootLogger': 'WARN, out',
    'log4j.appender.out': 'org.apache.log4j.ConsoleAppender',
    'log4j.appender.out.layout': 'org.apache.log4j.PatternLayout',
    'log4j.appender.out.layout.ConversionPattern': '[%d] %p %m (%c)%n',
  });
}
