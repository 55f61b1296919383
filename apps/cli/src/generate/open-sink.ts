import type { CliClock } from '../cli-clock';
import { tlsOf, type TlsOptions } from '../options/tls-options';
import { CliError, type CliContext } from '../cli-context';
import { GatewayClient } from '../gateway/gateway-client';
import type { ConnectKafka } from '../kafka/kafka-access';
import { createGatewaySink } from './gateway-sink';
import { createLogSink } from './log-sink';
import type { RowSink } from './row-sink';
import { createFileSink, createOutputSink } from './text-sink';

export interface SinkOptions extends TlsOptions {
  /** `http://host:port`, `kafka://host:port/topic`, `-`, or a path. */
  readonly to: string;
  readonly stream: string;
  readonly key?: string;
  readonly parallel: number;
  readonly batched: boolean;
  readonly giveUpAfterMs: number;
}

/** Opens what `--to` names. @throws CliError when it makes no sense or cannot be reached */
export async function openSink(
  options: SinkOptions,
  context: CliContext,
  clock: CliClock,
  connectKafka: ConnectKafka,
): Promise<RowSink> {
  const { to, stream, parallel } = options;
  if (to === '-') return createOutputSink(context);
  if (/^https?:\/\//.test(to)) {
    const client = new GatewayClient({
      address: parseAddress(to),
      key: options.key ?? context.environment['TILLSTREAM_WRITE_KEY'] ?? null,
      tls: tlsOf(options, context),
      clock,
      signal: context.signal,
      connections: parallel,
      giveUpAfterMs: options.giveUpAfterMs,
      onRetry: (problem, pauseMs) => context.note(`till: ${problem}; once more in ${pauseMs / 1000} s\n`),
    });
    return createGatewaySink(client, stream, parallel);
  }
  if (to.startsWith('kafka://')) return openLogSink(options, context, connectKafka);
  return createFileSink(to);
}

async function openLogSink(options: SinkOptions, context: CliContext, connectKafka: ConnectKafka): Promise<RowSink> {
  const match = /^kafka:\/\/([^/]+)\/([^/]+)$/.exec(options.to);
  const [, brokers, topic] = match ?? [];
  if (brokers === undefined || topic === undefined) {
    throw new CliError(`${options.to} does not name a topic`, 'It looks like kafka://host:9092/commerce.raw.v1');
  }
  const kafka = connectKafka(brokers, context.environment);
  const described = await kafka.admin.describeTopics([topic]).catch(async (error: unknown) => {
    await kafka.close();
    throw new CliError(`Kafka at ${brokers} does not answer: ${(error as Error).message}`);
  });
  const partitions = described[0]?.partitions;
  if (partitions === undefined) {
    await kafka.close();
    throw new CliError(`there is no topic ${topic}`, 'till topics --create creates the topics of a stream.');
  }
  const { batched, parallel } = options;
  return createLogSink(kafka.writer, { topic, partitions, batched, parallel, close: () => kafka.close() });
}

function parseAddress(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new CliError(`${text} is not an address`, 'It looks like http://localhost:8080');
  }
}
