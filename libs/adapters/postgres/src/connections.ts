import type { Socket } from 'node:net';
import { SinkUnavailableError } from '@tillstream/engine';
import type { QueryResultRow } from 'pg';
import { Client } from 'pg';
import { CopyIn } from './copy-in';
import type { PostgresAddress } from './postgres-address';
import type { ErrorContext } from './postgres-error';
import { StatementError, sinkError } from './postgres-error';

export interface ConnectionOptions extends ErrorContext {
  readonly to: PostgresAddress;
  readonly password: string | null;
  /** How the server lists who is connected. */
  readonly applicationName: string;
  readonly connections: number;
  /** For each statement, for connecting, and twice for what is done on one connection altogether. */
  readonly timeoutMs: number;
}

/** A connection while somebody has it. */
export interface Session {
  /** Several statements without parameters may stand in one text. */
  query(sql: string, parameters?: readonly unknown[]): Promise<readonly QueryResultRow[]>;
  /** @param frames as CopyRows makes them */
  copy(sql: string, frames: readonly Uint8Array[]): Promise<void>;
}

/** Up to so many connections to one database, opened when they are needed and kept. Who wants one waits for it. */
export class Connections {
  private readonly idle: Client[] = [];
  private readonly waiting: (() => void)[] = [];
  private free: number;
  private isClosed = false;

  constructor(private readonly options: ConnectionOptions) {
    this.free = options.connections;
  }

  /**
   * Does something on a connection, in a transaction: it is committed when `work` resolves and rolled back when it throws. A
   * connection that broke, or that the server was too slow on, is not used again.
   *
   * @throws what `sinkError` makes of errors of the database; those of others as they are
   */
  async transaction<T>(work: (session: Session) => Promise<T>): Promise<T> {
    await this.turn();
    let client: Client | null = null;
    let isWhole = false;
    try {
      client = this.idle.pop() ?? (await this.connect());
      const session = new TimedSession(client, this.options.timeoutMs);
      try {
        await session.begin();
        const result = await work(session);
        await session.query('COMMIT');
        isWhole = true;
        return result;
      } catch (cause) {
        isWhole = await session.rollback();
        throw cause;
      }
    } catch (cause) {
      throw cause instanceof StatementError ? sinkError(cause, this.options) : cause;
    } finally {
      if (client !== null && isWhole && !this.isClosed) this.idle.push(client);
      else if (client !== null) destroy(client);
      this.free += 1;
      this.waiting.shift()?.();
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.idle.splice(0).map((client) => client.end().catch(() => undefined)));
    this.waiting.splice(0).forEach((go) => go());
  }

  /** Those who wait go on in the order they came in. */
  private async turn(): Promise<void> {
    while (this.free === 0 && !this.isClosed) await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (this.isClosed) throw new SinkUnavailableError(`${this.options.address}: the sink has been closed`);
    this.free -= 1;
  }

  private async connect(): Promise<Client> {
    const { to, user, password, applicationName, timeoutMs } = this.options;
    const { host, port, database, tls } = to;
    const client = new Client({
      ...{ host, port, database, application_name: applicationName, connectionTimeoutMillis: timeoutMs },
      ...(user !== null && { user }),
      ...(password !== null && { password }),
      ssl: tls === 'off' ? false : { rejectUnauthorized: tls === 'verified' },
      keepAlive: true,
    });
    client.on('error', () => this.forget(client)); // it broke while nobody had it
    try {
      await client.connect();
    } catch (cause) {
      destroy(client);
      throw sinkError(cause, this.options);
    }
    return client;
  }

  private forget(client: Client): void {
    const at = this.idle.indexOf(client);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

/** Ends a connection whose server does not answer: pg alone would wait for ever. */
class TimedSession implements Session {
  constructor(
    private readonly client: Client,
    private readonly timeoutMs: number,
  ) {}

  /** A transaction. Whoever stops in the middle of it holds its locks for so long only. */
  async begin(): Promise<void> {
    const { timeoutMs } = this;
    await this.query(
      `BEGIN; SET LOCAL statement_timeout = ${timeoutMs}; SET LOCAL lock_timeout = ${timeoutMs}; ` +
        `SET LOCAL idle_in_transaction_session_timeout = ${2 * timeoutMs}`,
    );
  }

  async query(sql: string, parameters?: readonly unknown[]): Promise<readonly QueryResultRow[]> {
    const result = await this.inTime(this.client.query<QueryResultRow>(sql, parameters && [...parameters]));
    return result.rows ?? [];
  }

  async copy(sql: string, frames: readonly Uint8Array[]): Promise<void> {
    await this.inTime(this.client.query(new CopyIn(sql, frames)).done);
  }

  /** False: it cannot, and the connection is worth nothing. */
  async rollback(): Promise<boolean> {
    return this.query('ROLLBACK').then(
      () => true,
      () => false,
    );
  }

  private async inTime<T>(answer: Promise<T>): Promise<T> {
    // The server ends what takes too long itself, if it can: it is given a little more.
    const timer = setTimeout(() => destroy(this.client), this.timeoutMs + 1_000);
    try {
      return await answer;
    } catch (cause) {
      throw new StatementError(cause);
    } finally {
      clearTimeout(timer);
    }
  }
}

function destroy(client: Client): void {
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream.destroy();
}
