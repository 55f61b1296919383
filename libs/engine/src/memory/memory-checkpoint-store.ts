import type {
  CheckpointStore,
  ClaimedCheckpoint,
  Commit,
  CommitOutcome,
  FieldPut,
  FieldReading,
  SliceDelta,
} from '../ports/checkpoint-store';
import type { Turn } from './turn';

interface StoredTask {
  inc: string;
  token: string;
  next: number;
  seek: number;
  state: Uint8Array;
  slices: Map<string, SliceDelta[]>;
  /** By the field's bytes, as text of one character each. */
  fields: Map<string, FieldPut>;
  /** Of the fields of the commit that is under way so many are there. */
  puts: number;
}

/** So few fields are put or dropped at once that something may happen in between. */
const FIELDS_AT_ONCE = 3;

interface Attempts {
  next: number;
  count: number;
}

/** The contents of a simulated store; shared by the processes of a world. Can be rolled back and emptied. */
export class MemoryStoreData {
  tasks = new Map<string, StoredTask>();
  attempts = new Map<string, Attempts>();

  /** A copy that `rollBack` can return to, as a snapshot or an old replica would. */
  snapshot(): Map<string, StoredTask> {
    return copyOf(this.tasks);
  }

  rollBack(snapshot: Map<string, StoredTask>): void {
    this.tasks = copyOf(snapshot);
  }

  flushAll(): void {
    this.tasks = new Map();
    this.attempts = new Map();
  }
}

/** What goes wrong inside the store. */
export interface StoreFaults {
  /** How long this call takes to reach the store. */
  delayMs(): number;
  /** While true, the store takes nothing: it has no memory left. */
  isFull(): boolean;
  /** A script fails after so many of the commit's fields or deltas, leaving them behind; null: it does not fail. */
  failAfterWrites(): number | null;
  /** The connection breaks after the effect, so the client sends the commit again. */
  resend(): boolean;
}

const NO_FAULTS: StoreFaults = {
  delayMs: () => 0,
  isFull: () => false,
  failAfterWrites: () => null,
  resend: () => false,
};

/** CheckpointStore of one process on a MemoryStoreData. */
export class MemoryCheckpointStore implements CheckpointStore {
  constructor(
    private readonly data: MemoryStoreData,
    private readonly turn: Turn,
    private readonly faults: StoreFaults = NO_FAULTS,
    private readonly nowMs: () => number = () => 0,
  ) {}

  async claim(task: string, token: string): Promise<ClaimedCheckpoint | null> {
    await this.arrive(`claim ${task}`);
    const stored = this.data.tasks.get(task);
    if (!stored) return null;
    stored.token = token;
    const { inc, next, seek, state } = stored;
    await this.turn.wait(`claimed ${task}`);
    return { inc, next, seek, state };
  }

  async create(task: string, token: string, checkpoint: ClaimedCheckpoint): Promise<boolean> {
    await this.arrive(`create ${task}`);
    if (this.data.tasks.has(task)) return false;
    const state = checkpoint.state.slice();
    this.data.tasks.set(task, { ...checkpoint, state, token, slices: new Map(), fields: new Map(), puts: 0 });
    await this.turn.wait(`created ${task}`);
    return true;
  }

  async *load(task: string, next: number): AsyncIterable<SliceDelta> {
    await this.reach(`load ${task}`);
    // Each list is asked for by itself, and may be gone by then.
    for (const slice of [...(this.data.tasks.get(task)?.slices.keys() ?? [])]) {
      await this.turn.wait(`load ${task}`);
      const deltas = this.data.tasks.get(task)?.slices.get(slice) ?? [];
      for (const delta of deltas.filter((delta) => delta.rawNext <= next)) yield delta;
    }
  }

  async *loadFields(task: string): AsyncIterable<readonly FieldPut[]> {
    await this.reach(`load fields ${task}`);
    const names = [...(this.data.tasks.get(task)?.fields.keys() ?? [])];
    for (let at = 0; at < names.length; at += FIELDS_AT_ONCE) {
      await this.turn.wait(`load fields ${task}`);
      const fields = this.data.tasks.get(task)?.fields;
      yield names.slice(at, at + FIELDS_AT_ONCE).flatMap((name) => fields?.get(name) ?? []);
    }
  }

  async readField(task: string, field: Uint8Array): Promise<FieldReading | null> {
    await this.reach(`read field ${task}`);
    const stored = this.data.tasks.get(task);
    if (!stored) return null;
    return { next: stored.next, state: stored.state, bytes: stored.fields.get(nameOf(field))?.bytes ?? null };
  }

  async commit(task: string, commit: Commit): Promise<CommitOutcome> {
    await this.arrive(`commit ${task}`);
    const puts = commit.fields?.puts ?? [];
    for (let at = 0; at < puts.length; at += FIELDS_AT_ONCE) {
      const refused = this.put(task, commit, at);
      if (refused !== 'committed' && refused !== 'mine-already') return refused;
      await this.turn.wait(`put ${task}`);
    }
    let outcome = this.apply(task, commit);
    if (this.faults.resend()) {
      await this.turn.wait(`commit again ${task}`);
      outcome = this.apply(task, commit);
    }
    await this.turn.wait(`committed ${task}`);
    if (outcome === 'committed' || outcome === 'mine-already') this.drop(task, commit);
    return outcome;
  }

  async countAttempt(task: string, next: number): Promise<number> {
    await this.arrive(`attempt ${task}`);
    const previous = this.data.attempts.get(task);
    const count = previous?.next === next ? previous.count + 1 : 1;
    this.data.attempts.set(task, { next, count });
    return count;
  }

  /** The call is at the store, and the store takes it. */
  private async arrive(label: string): Promise<void> {
    await this.reach(label);
    if (this.faults.isFull()) throw new Error('OOM command not allowed when used memory > maxmemory');
  }

  private async reach(label: string): Promise<void> {
    const delayMs = this.faults.delayMs();
    if (delayMs > 0) await this.turn.wait(label, () => false, this.nowMs() + delayMs);
    await this.turn.wait(label);
  }

  private judge(stored: StoredTask, commit: Commit): CommitOutcome {
    if (stored.inc !== commit.fence.inc) return 'rolled-back';
    if (stored.token !== commit.fence.token) return 'not-mine';
    if (stored.next !== commit.fence.next) return stored.next === commit.next ? 'mine-already' : 'rolled-back';
    return 'committed';
  }

  /** Some of the fields of a commit, from one on. */
  private put(task: string, commit: Commit, from: number): CommitOutcome {
    const stored = this.data.tasks.get(task);
    if (!stored) return 'never-seen';
    const verdict = this.judge(stored, commit);
    if (verdict !== 'committed') return verdict;
    if (from > 0 && stored.puts !== from) return 'rolled-back'; // those before are lost
    const puts = commit.fields?.puts.slice(from, from + FIELDS_AT_ONCE) ?? [];
    const failAfter = this.faults.failAfterWrites();
    for (const { field, bytes } of puts.slice(0, failAfter ?? puts.length)) {
      stored.fields.set(nameOf(field), { field: field.slice(), bytes: bytes.slice() });
    }
    if (failAfter !== null) throw new Error('the script failed half-way');
    stored.puts = from + puts.length;
    return 'committed';
  }

  /** Once the position has moved. Whoever has been replaced meanwhile drops nothing. */
  private drop(task: string, { fence, next, fields }: Commit): void {
    const stored = this.data.tasks.get(task);
    if (!stored || stored.inc !== fence.inc || stored.token !== fence.token || stored.next !== next) return;
    for (const field of fields?.drops ?? []) stored.fields.delete(nameOf(field));
  }

  private apply(task: string, commit: Commit): CommitOutcome {
    const stored = this.data.tasks.get(task);
    if (!stored) return 'never-seen';
    const verdict = this.judge(stored, commit);
    if (verdict !== 'committed') return verdict;
    const puts = commit.fields?.puts.length ?? 0;
    if (puts > 0 && stored.puts !== puts) return 'rolled-back'; // since they were put
    // A script is not undone when it fails: what it has written stays. So nothing is taken away before the position moves.
    const failAfter = this.faults.failAfterWrites();
    let written = 0;
    for (const delta of commit.deltas) {
      if (failAfter !== null && written >= failAfter) throw new Error('the script failed half-way');
      const list = stored.slices.get(delta.slice);
      const copy = { ...delta, bytes: delta.bytes.slice() };
      if (list) list.push(copy);
      else stored.slices.set(delta.slice, [copy]);
      written += 1;
    }
    if (failAfter !== null) throw new Error('the script failed half-way');
    for (const rewrite of commit.rewrites)
      stored.slices.set(rewrite.slice, [{ ...rewrite, bytes: rewrite.bytes.slice() }]);
    for (const slice of commit.drops) stored.slices.delete(slice);
    stored.puts = 0;
    stored.next = commit.next;
    stored.seek = commit.seek;
    stored.state = commit.state.slice();
    return 'committed';
  }
}

function copyOf(tasks: Map<string, StoredTask>): Map<string, StoredTask> {
  return new Map(
    [...tasks].map(([task, stored]) => [
      task,
      {
        ...stored,
        slices: new Map([...stored.slices].map(([slice, deltas]) => [slice, [...deltas]])),
        fields: new Map(stored.fields),
      },
    ]),
  );
}

function nameOf(field: Uint8Array): string {
  return String.fromCharCode(...field);
}
