import type {
  FinalsQuestion,
  LateBySource,
  StoredFinal,
  StoredVisitRow,
  VisitFeed,
  VisitQuestion,
} from '@tillstream/adapter-lake';

/** Finals of a stream that are stored for longer than the view holds them, as they were at one moment. */
export interface WindowHistory {
  /** Finals below this offset of the metrics topic's partition are there. */
  next(partition: number): number;
  /** By window start, then group; as many as are asked for, if there are so many. */
  page(question: FinalsQuestion): Promise<readonly StoredFinal[]>;
  /** Finals of some windows, of some groups (as records say them): all that there are of these. */
  at(identity: string, startsMs: readonly number[], groups: readonly string[]): Promise<readonly StoredFinal[]>;
  /** Those of the windows that have finals. */
  windowsAmong(identity: string, startsMs: readonly number[]): Promise<ReadonlySet<number>>;
  /** Start of the newest window before `beforeMs` that has finals; null: there is none. */
  newestBefore(identity: string, beforeMs: number): Promise<number | null>;
  /** Rows that windows missed, by window start. @param spanMs how long behind its start a window may miss rows */
  lateRows(identity: string, startsMs: readonly number[], spanMs: number): Promise<ReadonlyMap<number, LateBySource>>;
}

/** Sessions or attributions of a stream that are stored for longer than the view holds them, as they were at one moment. */
export interface RowHistory {
  /** Rows below this offset of their topic's partition are there. */
  next(partition: number): number;
  /** The newest first; as many as are asked for, if there are so many. */
  page(question: VisitQuestion): Promise<readonly StoredVisitRow[]>;
  /** A session by its id, which says when it started. */
  session(id: string, startMs: number): Promise<StoredVisitRow | null>;
}

/** Where histories come from. */
export interface Histories {
  /** Null: nothing of the stream is stored anywhere. @throws SinkUnavailableError, SinkRefusedError */
  windows(stream: string): Promise<WindowHistory> | null;
  /** Null: nothing of the stream is stored anywhere. @throws SinkUnavailableError, SinkRefusedError */
  rows(stream: string, feed: VisitFeed): Promise<RowHistory> | null;
  close(): Promise<void>;
}

/** There is no lake. */
export const NO_HISTORIES: Histories = {
  windows: () => null,
  rows: () => null,
  close: () => Promise.resolve(),
};
