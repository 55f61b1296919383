import type { SqlOutcome } from '@tillstream/adapter-lake';
import type { StreamDefinition } from '@tillstream/contracts';

/** Who answers SQL over the lakes of streams. */
export interface SqlSource {
  /**
   * @param rows at most so many; 0: as many as an answer may have
   * @returns null: as many questions are being answered as may be
   * @throws NoLakeError
   */
  answer(sql: string, definition: StreamDefinition, rows: number, signal: AbortSignal): Promise<SqlOutcome | null>;
  close(): void;
}

/** It is not known where the stream's lake is. */
export class NoLakeError extends Error {
  override readonly name = 'NoLakeError';
  readonly code = 'NO_LAKE';

  constructor(stream: string) {
    super(`it is not said where the lake of ${stream} is: set TILLSTREAM_SINK_LAKE_WHERE as the sink-writer has it`);
  }
}
