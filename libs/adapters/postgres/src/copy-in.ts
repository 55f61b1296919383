import type { Connection, Submittable } from 'pg';

/** What this adapter needs of a connection of pg 8 beyond its types. */
interface CopyConnection extends Connection {
  endCopyFrom(): void;
}

/** A COPY … FROM STDIN as pg runs queries: sends what has been encoded when the server asks for it. */
export class CopyIn implements Submittable {
  readonly done: Promise<void>;
  private resolve: () => void = () => undefined;
  private reject: (cause: Error) => void = () => undefined;

  constructor(
    private readonly statement: string,
    /** In frames of CopyData. */
    private readonly frames: readonly Uint8Array[],
  ) {
    this.done = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  submit(connection: Connection): void {
    connection.query(this.statement);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.stream.cork();
    for (const frame of this.frames) connection.stream.write(frame);
    connection.stream.uncork();
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {
    // how many rows: all of them
  }

  handleReadyForQuery(): void {
    this.resolve();
  }

  handleError(cause: Error): void {
    this.reject(cause);
  }
}
