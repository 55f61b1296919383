import type { ObjectStore } from '../store/object-store';
import type { Action } from './delta-actions';
import { deltaAction } from './delta-actions';
import { planCommit } from './planned-commit';
import { SnapshotBuilder } from './snapshot-builder';
import type { DataFile, TableChange, TableSnapshot } from './table-snapshot';

const VERSION_DIGITS = 20;

/**
 * A Delta Lake table, as one process follows and changes it. Its log is a file for each version; who puts the next one first has
 * made it, so whatever a commit does is seen at once and by everybody, and two who commit at once do so one behind the other.
 */
export class LakeTable {
  private known: TableSnapshot | null = null;
  /** One at a time: what is known must not go back. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ObjectStore,
    /** From the root of the store on: `commerce/events`. */
    readonly path: string,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** The table as it is now; null: there is none yet. */
  snapshot(): Promise<TableSnapshot | null> {
    return this.inTurn(() => this.follow());
  }

  /**
   * Makes the next version of the table. When somebody else was quicker, `change` is asked again with what there is then.
   *
   * @param change files that it adds have been put; null: nothing is to be done any more
   * @returns the table behind the commit, null when there was none
   * @throws SinkOvertakenError for a position that is not the table's; SinkRefusedError, SinkUnavailableError. After the last the
   *   commit may have been made: who goes on in a chain sees it at its position
   */
  commit(change: (now: TableSnapshot | null) => TableChange | null): Promise<TableSnapshot | null> {
    return this.inTurn(async () => {
      for (;;) {
        const now = await this.follow();
        const wanted = change(now);
        if (wanted === null) return null;
        const version = (now?.version ?? -1) + 1;
        const actions = planCommit(now, wanted, this.path, this.nowMs());
        const after = this.apply(now, actions, version);
        const content = encodeCommit(actions, after);
        if ((await this.store.putIfAbsent(this.logPath(version), content)) || (await this.isMade(version, content))) {
          this.known = after;
          return after;
        }
      }
    });
  }

  /** Where a file of the table is in the store. */
  storePath(file: Pick<DataFile, 'path'>): string {
    return `${this.path}/${file.path}`;
  }

  /** A local file with what a file of the table holds. */
  local(file: Pick<DataFile, 'path'>): Promise<string> {
    return this.store.local(this.storePath(file));
  }

  private async follow(): Promise<TableSnapshot | null> {
    let builder: SnapshotBuilder | null = null;
    let version = this.known?.version ?? -1;
    for (;;) {
      const content = await this.store.read(this.logPath(version + 1));
      if (content === null) break;
      builder ??= new SnapshotBuilder(this.known, this.path);
      builder.takeAll(linesOf(content));
      version++;
    }
    if (builder !== null) this.known = builder.build(version);
    return this.known;
  }

  private apply(now: TableSnapshot | null, actions: readonly Action[], version: number): TableSnapshot {
    const builder = new SnapshotBuilder(now, this.path);
    for (const action of actions) builder.take(action);
    return builder.build(version);
  }

  /** An answer may have been lost, and the same been put twice by what repeats requests: every commit has an id of its own. */
  private async isMade(version: number, content: Uint8Array): Promise<boolean> {
    const there = await this.store.read(this.logPath(version));
    return there !== null && Buffer.compare(there, content) === 0;
  }

  private logPath(version: number): string {
    return `${this.path}/_delta_log/${String(version).padStart(VERSION_DIGITS, '0')}.json`;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work, work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

function encodeCommit(actions: readonly Action[], { columns }: TableSnapshot): Uint8Array {
  const lines = actions.map((action) => `${JSON.stringify(deltaAction(action, columns))}\n`);
  return new TextEncoder().encode(lines.join(''));
}

function linesOf(content: Uint8Array): unknown[] {
  return new TextDecoder()
    .decode(content)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as unknown);
}
