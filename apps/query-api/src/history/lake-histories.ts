import { FinalHistory, LakeReader, VisitHistory, type ObjectStore, type VisitFeed } from '@tillstream/adapter-lake';
import type { Histories, RowHistory, WindowHistory } from './window-history';

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

  rows(stream: string, feed: VisitFeed): Promise<RowHistory> | null {
    const reader = this.readers.get(stream);
    return reader ? VisitHistory.open(reader, feed) : null;
  }

  async close(): Promise<void> {
    await Promise.all([...this.readers.values()].map((reader) => reader.close()));
  }
}
