import { SinkOvertakenError, SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import type { ObjectStore } from '../store/object-store';
import type { Action } from './delta-actions';
import { planCommit } from './planned-commit';
import { SnapshotBuilder } from './snapshot-builder';
import { TableLog } from './table-log';
import type { DataFile, TableChange, TableSnapshot } from './table-snapshot';

/** So many commits may have to be read behind a checkpoint. */
const CHECKPOINT_EVERY = 20;
/** Much less than how long commits stay in the log, much more than any commit takes. */
const STALE_MS = 60 * 60 * 1_000;

/**
 * A Delta Lake table, as one process follows and changes it. Its log is a file for each version; who puts the next one first has
 * made it, so whatever a commit does is seen at once and by everybody, and two who commit at once do so one behind the other.
 */
export class LakeTable {
  private readonly log: TableLog;
  private known: TableSnapshot | null = null;
  /** When what is known was looked for. */
  private followedMs = -Infinity;
  /** One at a time: what is known must not go back. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: ObjectStore,
    /** From the root of the store on: `commerce/events`. */
    readonly path: string,
    private readonly nowMs: () => number = Date.now,
  ) {
    this.log = new TableLog(store, path);
  }

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
        if (!(await this.log.put(version, actions, after))) continue;
        await this.verifyAwake(version);
        this.known = after;
        if (version > 0 && version % CHECKPOINT_EVERY === 0) await this.checkpoint(after);
        return after;
      }
    });
  }

  /** Removes what nobody reads any more of the log, and gives how many files that were. */
  trimLog(): Promise<number> {
    return this.log.trim(this.nowMs());
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
    const startMs = this.nowMs();
    const isStale = startMs - this.followedMs > STALE_MS;
    let now = this.known === null ? await this.log.open() : await this.log.readOn(this.known);
    // Whoever has slept for days finds no commit where there was one: old ones are removed.
    if (now !== null && isStale && (await this.log.isBeyond(now.version))) now = await this.log.open();
    this.known = now;
    this.followedMs = startMs;
    return now;
  }

  /** Whoever slept between reading and putting may have made a version that had been made, and removed, long ago. */
  private async verifyAwake(version: number): Promise<void> {
    if (this.nowMs() - this.followedMs <= STALE_MS || !(await this.log.isBeyond(version))) return;
    await this.log.takeBack(version);
    this.known = null;
    throw new SinkOvertakenError(`${this.path}: others have gone on from version ${version} while this process slept`);
  }

  private async checkpoint(snapshot: TableSnapshot): Promise<void> {
    try {
      await this.log.checkpoint(snapshot, this.nowMs());
    } catch (error) {
      // The commit is made. The next checkpoint does as well.
      if (!(error instanceof SinkUnavailableError || error instanceof SinkRefusedError)) throw error;
    }
  }

  private apply(now: TableSnapshot | null, actions: readonly Action[], version: number): TableSnapshot {
    const builder = new SnapshotBuilder(now, this.path);
    for (const action of actions) builder.take(action);
    return builder.build(version);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work, work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}
