import type { Feed, StreamDefinition } from '@tillstream/contracts';
import { encodeSinkDeadLetter } from '@tillstream/contracts';
import type { LogWriter } from '../ports/log';
import { appendPortions } from '../ports/log';
import type { KeepRefused } from '../ports/sink';

/** Keeps what a sink refuses in the stream's topic for that: resolves once all of it is acknowledged. */
export function refusedRowsLog(
  writer: LogWriter,
  { topics }: StreamDefinition,
  sink: string,
  feed: Feed,
  partition: number,
): KeepRefused {
  return async (refused) => {
    const letters = refused.map(({ row, reason }) => encodeSinkDeadLetter({ sink, feed, row, reason }));
    const portions = appendPortions(letters);
    await Promise.all(portions.map((portion) => writer.append(topics.sinkDeadLetters, partition, portion)));
  };
}
