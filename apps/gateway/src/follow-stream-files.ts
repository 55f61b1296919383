import type { StreamDefinition } from '@tillstream/contracts';
import { type Clock, DefinitionFollower, type LogReader } from '@tillstream/engine';
import type { ServiceLogger } from '@tillstream/nest-runtime';

export interface StreamFilePorts {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: ServiceLogger;
}

/** How long a read waits for news. Stopping takes as long. */
const MAX_WAIT_MS = 1_000;
const RETRY_MS = 1_000;

/**
 * Tells of the stream file that is in force, first and whenever another one is put live, until `signal` is aborted. What cannot
 * be read is tried again: events are checked against the file known until then, and whatever passes is checked once more by the
 * enricher, under the file in force where it stands.
 */
export async function followStreamFile(
  file: StreamDefinition,
  { reader, clock, logger }: StreamFilePorts,
  take: (definition: StreamDefinition) => void,
  signal: AbortSignal,
): Promise<void> {
  let { sha256 } = file;
  const follower = new DefinitionFollower(reader, file, ({ newest }) => {
    if (newest.sha256 === sha256) return;
    ({ sha256 } = newest);
    logger.info({ stream: newest.schema.stream, definition: sha256 }, 'stream_file_taken_up');
    take(newest);
  });
  while (!signal.aborted) {
    try {
      await follower.next(MAX_WAIT_MS);
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ stream: file.schema.stream, error }, 'stream_file_not_readable');
      await clock.sleep(RETRY_MS);
    }
  }
}
