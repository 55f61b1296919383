import { rm } from 'node:fs/promises';
import { SinkRefusedError } from '@tillstream/engine';
import type { ObjectStore } from '../store/object-store';
import { readCheckpoint, writeCheckpoint } from './checkpoint';
import type { Action } from './delta-actions';
import { deltaAction } from './delta-actions';
import { checkpointPath, commitPath, hintedCheckpoint, lastCheckpointPath, logFiles } from './log-files';
import { SnapshotBuilder } from './snapshot-builder';
import type { TableSnapshot } from './table-snapshot';

/** Commits are read one by one from the newest checkpoint on; so many at once when somebody is far behind. */
const READ_AHEAD = 8;
/** What is older than this of a log, and in a checkpoint, is removed. */
export const KEEP_LOG_MS = 7 * 24 * 60 * 60 * 1_000;

/** The files of a table's log. */
export class TableLog {
  constructor(
    private readonly store: ObjectStore,
    private readonly table: string,
  ) {}

  /** The newest snapshot, without what was read before; null: there is no such table. */
  async open(): Promise<TableSnapshot | null> {
    const hinted = await hintedCheckpoint(this.store, this.table);
    const start = (hinted === null ? null : await this.restore(hinted)) ?? (await this.readOn(null));
    if (start !== null) return this.readOn(start);
    return this.openByList();
  }

  /** The newest snapshot behind `known`; itself when there is nothing newer. */
  async readOn(known: TableSnapshot | null): Promise<TableSnapshot | null> {
    let builder: SnapshotBuilder | null = null;
    let version = known?.version ?? -1;
    for (let ahead = 1; ; ahead = READ_AHEAD) {
      const commits = await Promise.all(
        Array.from({ length: ahead }, (_, i) => this.store.read(commitPath(this.table, version + 1 + i))),
      );
      for (const content of commits) {
        if (content === null) return builder?.build(version) ?? known;
        builder ??= new SnapshotBuilder(known, this.table);
        builder.takeAll(linesOf(content));
        version++;
      }
    }
  }

  /** False: somebody else has made this version. */
  async put(version: number, actions: readonly Action[], { columns }: TableSnapshot): Promise<boolean> {
    const lines = actions.map((action) => `${JSON.stringify(deltaAction(action, columns))}\n`);
    const content = new TextEncoder().encode(lines.join(''));
    const path = commitPath(this.table, version);
    if (await this.store.putIfAbsent(path, content)) return true;
    // An answer may have been lost and the request been repeated by what repeats requests: every commit has an id of its own.
    const there = await this.store.read(path);
    return there !== null && Buffer.compare(there, content) === 0;
  }

  /** Takes a commit back that nobody reads, since the log had gone beyond it. */
  async takeBack(version: number): Promise<void> {
    await this.store.remove([commitPath(this.table, version)]);
  }

  /** Has the log moved beyond `version`, as far as its newest checkpoint says? Its commit may have been removed by then. */
  async isBeyond(version: number): Promise<boolean> {
    return ((await hintedCheckpoint(this.store, this.table)) ?? -1) > version;
  }

  /** Writes down what the log says up to here, so that nobody has to read on from its begin. */
  async checkpoint(snapshot: TableSnapshot, nowMs: number): Promise<void> {
    const scratch = await this.store.scratch();
    try {
      const file = await writeCheckpoint(snapshot, scratch, nowMs);
      await this.store.putIfAbsent(checkpointPath(this.table, snapshot.version), { file });
      if (await this.isBeyond(snapshot.version)) return;
      const size = snapshot.files.size + snapshot.positions.size + snapshot.removed.size + 2;
      const hint = new TextEncoder().encode(JSON.stringify({ version: snapshot.version, size }));
      await this.store.replace(lastCheckpointPath(this.table), hint);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Removes what nobody reads any more: commits and checkpoints before a checkpoint that has stood for a while. */
  async trim(nowMs: number): Promise<number> {
    const files = [];
    for await (const file of logFiles(this.store, this.table)) files.push(file);
    const old = files.filter(({ kind, modifiedMs }) => kind === 'checkpoint' && modifiedMs < nowMs - KEEP_LOG_MS);
    const keepFrom = old.at(-1)?.version ?? 0;
    const spent = files.filter(({ version }) => version < keepFrom).map(({ path }) => path);
    // The oldest first: whoever lists the log meanwhile finds no hole in it.
    await this.store.remove(spent);
    return spent.length;
  }

  /** When the hint leads nowhere: what is there, from the newest checkpoint that can be read. */
  private async openByList(): Promise<TableSnapshot | null> {
    const checkpoints: number[] = [];
    let first: number | null = null;
    for await (const { version, kind } of logFiles(this.store, this.table)) {
      first ??= version;
      if (kind === 'checkpoint') checkpoints.push(version);
    }
    if (first === null) return null;
    for (const version of checkpoints.reverse()) {
      const start = await this.restore(version);
      if (start !== null) return this.readOn(start);
    }
    if (first === 0) return this.readOn(null); // it has just come
    throw new SinkRefusedError(
      `the log of the table ${this.table} in ${this.store.address} has lost its begin, and has no checkpoint instead. Restore the ` +
        'directory _delta_log from a backup, or declare another place for the lake.',
    );
  }

  /** Null: there is no such checkpoint. */
  private async restore(version: number): Promise<TableSnapshot | null> {
    const content = await this.store.read(checkpointPath(this.table, version));
    if (content === null) return null;
    const scratch = await this.store.scratch();
    try {
      const builder = new SnapshotBuilder(null, this.table);
      builder.takeAll(await readCheckpoint(content, scratch));
      return builder.build(version);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }
}

function linesOf(content: Uint8Array): unknown[] {
  return new TextDecoder()
    .decode(content)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}
