import { once } from 'node:events';
import type { ClientReadableStream } from '@grpc/grpc-js';
import type { RetractionMessage, WatchWindowsResponse, WindowResultMessage } from '@tillstream/contracts';

/** Collects what a watch says, as a client would keep it. */
export class WatchScreen {
  /** Window and group → the row as `textOf` has it. */
  readonly rows = new Map<string, string>();
  /** The newest token. */
  token = '';
  messages = 0;
  /** How the call ended. */
  readonly ended: Promise<{ readonly code: number }>;

  constructor(
    readonly stream: ClientReadableStream<WatchWindowsResponse>,
    private readonly textOf: (row: WindowResultMessage) => string,
  ) {
    stream.on('data', (message: WatchWindowsResponse) => this.take(message));
    this.ended = new Promise((resolve) => stream.on('error', resolve));
  }

  async until(done: (screen: WatchScreen) => boolean): Promise<void> {
    while (!done(this)) await once(this.stream, 'data');
  }

  private take({ snapshot, upserts, retractions, resumeToken }: WatchWindowsResponse): void {
    this.messages += 1;
    if (snapshot) this.rows.clear();
    for (const row of upserts) this.rows.set(keyOf(row), this.textOf(row));
    for (const row of retractions) this.rows.delete(keyOf(row));
    if (resumeToken !== '') this.token = resumeToken;
  }
}

const keyOf = ({ start, group }: RetractionMessage): string => `${start?.seconds} ${JSON.stringify(group)}`;
