import type { StreamDefinition } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { type DefinitionHistory, readDefinitions } from './definition-history';

/** Keeps up with the stream files that are put live, for services that are not told by a place in the log. */
export class DefinitionFollower {
  /** All that stand before this offset have been taken. */
  private end = 0;

  /**
   * @param file what the service was started with
   * @param take called with all that is known, whenever there may be more
   */
  constructor(
    private readonly reader: LogReader,
    private readonly file: StreamDefinition,
    private readonly take: (history: DefinitionHistory) => void,
  ) {}

  private get topic(): string {
    return this.file.topics.definitions;
  }

  /** Takes all there is. @throws RangeError for a stream file that this version cannot read */
  async learn(): Promise<void> {
    const end = await this.reader.end(this.topic, 0);
    const history = await readDefinitions(this.reader, this.file);
    if (end < this.end) return; // another reading has seen more meanwhile
    this.end = end;
    this.take(history);
  }

  /**
   * Waits for news, and takes them.
   *
   * @throws RangeError for a stream file that this version cannot read; OffsetOutOfRangeError when the topic is not the one it was
   */
  async next(maxWaitMs: number): Promise<void> {
    const { end } = this;
    const records = await this.reader.read(this.topic, 0, end, maxWaitMs);
    if (records.length > 0 && this.end === end) await this.learn();
  }
}
