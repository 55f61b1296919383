import { FinalHistory, LakeReader, type ObjectStore } from '@tillstream/adapter-lake';
import type { Histories, WindowHistory } from './window-history';

/** What reading lakes may take of the machine, for each stream. */
export interface LakeReaderBounds {
  readonly memoryBytes: number;
  readonly threads: number;
}

/** Histories that stand in the lakes of streams. */
export class LakeHistories implements Histories {
  private readonly readers: ReadonlyMap<string, LakeReader>;

  /** @param lakes by stream */
  constructor(lakes: ReadonlyMap<string, ObjectStore>, bounds: LakeReaderBounds) {
    this.readers = new Map(
      [...lakes].map(([stream, store]) => [stream, new LakeReader(store, stream, { ...bounds, temporary: null })]),
    );
  }

  windows(stream: string): Promise<WindowHistory> | null {
    const reader = this.readers.get(stream);
    return reader ? FinalHistory.open(reader) : null;
  }

  async close(): Promise<void> {
    await Promise.all([...this.readers.values()].map((reader) => reader.close()));
  }
}
