import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import type { Sink } from '@tillstream/engine';
import { aSink, aSinkEnvironment } from '@tillstream/engine/testing';
import { startPostgres } from '@tillstream/local';
import type { QueryResultRow } from 'pg';
import { Client } from 'pg';
import { postgresSinkKind } from '../postgres-kind';

type Server = Awaited<ReturnType<typeof startPostgres>>;

/** A PostgreSQL of a spec's own. */
export class PostgresUnderTest {
  private constructor(
    private current: Server,
    private readonly directory: string,
    private readonly settings: Record<string, string>,
  ) {}

  get server(): Server {
    return this.current;
  }

  /** Null: it cannot be had here, which has been said. In CI it must be had. */
  static async start(settings: Record<string, string> = {}): Promise<PostgresUnderTest | null> {
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-postgres-'));
    try {
      return new PostgresUnderTest(await startPostgres({ dataDir: directory, settings }), directory, settings);
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      if (process.env['CI'] !== undefined) throw error;
      process.stderr.write(`skipped: the PostgreSQL sink: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    }
  }

  /** Dies without a word, and is there again on the same port. */
  async crash(): Promise<void> {
    const { port, dataDir } = this.current;
    await this.current.kill();
    this.current = await startPostgres({ dataDir, port, settings: this.settings });
  }

  /** As any other program does. */
  async connect(): Promise<Client> {
    const { port, user, password } = this.server;
    const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
    await client.connect();
    return client;
  }

  async query(sql: string, parameters: unknown[] = []): Promise<QueryResultRow[]> {
    const client = await this.connect();
    try {
      return (await client.query<QueryResultRow>(sql, parameters)).rows;
    } finally {
      await client.end();
    }
  }

  /** A sink as a stream file declares it, with what the test says otherwise. */
  sink(
    definition: StreamDefinition,
    {
      port = this.server.port,
      credentials = {},
      ...more
    }: Partial<SinkDefinition> & {
      readonly port?: number;
      readonly credentials?: { readonly USER?: string; readonly PASSWORD?: string };
    } = {},
  ): Sink {
    const declared = aSink({ type: 'postgres', where: `postgres://127.0.0.1:${port}/postgres`, ...more });
    const { user: USER, password: PASSWORD } = this.server;
    const opened = postgresSinkKind.open(declared, definition, aSinkEnvironment({ USER, PASSWORD, ...credentials }));
    if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
    return opened.sink;
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
