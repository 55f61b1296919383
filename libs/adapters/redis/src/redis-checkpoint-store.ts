import type {
  CheckpointStore,
  ClaimedCheckpoint,
  Commit,
  CommitOutcome,
  FieldPut,
  FieldReading,
  SliceDelta,
} from '@tillstream/engine';
import { CheckpointDamagedError, decodeDelta, encodeDelta } from './delta-blob';
import { fieldPortions } from './field-portions';
import type { RedisCommands } from './open-redis';
import { RedisScript } from './redis-script';
import claimSource from './scripts/claim.lua';
import commitSource from './scripts/commit.lua';
import countAttemptSource from './scripts/count-attempt.lua';
import createSource from './scripts/create.lua';
import dropFieldsSource from './scripts/drop-fields.lua';
import fenceSource from './scripts/fence.lua';
import putFieldsSource from './scripts/put-fields.lua';
import readFieldSource from './scripts/read-field.lua';

export interface RedisCheckpointStoreOptions {
  /** Before every key. Default none. */
  readonly prefix?: string;
  /**
   * Makes a connection. Each task then gets one of its own: answers come in the order of the commands, so on a shared one
   * a task whose keys are on a shard that hangs would hold up all others. Default: all share the one given.
   */
  readonly connect?: () => RedisCommands;
  /** What applies commits; for tests of scripts that fail. */
  readonly commitScripts?: CommitScripts;
}

/** The scripts of a commit, in the order in which they run. */
export interface CommitScripts {
  readonly putFields: RedisScript;
  readonly commit: RedisScript;
  readonly dropFields: RedisScript;
}

/** @param wrap gives a script's source another one in its place */
export function commitScripts(wrap: (source: string) => string = (source) => source): CommitScripts {
  const scriptOf = (source: string): RedisScript => new RedisScript(wrap(fenceSource + source));
  return {
    putFields: scriptOf(putFieldsSource),
    commit: scriptOf(commitSource),
    dropFields: scriptOf(dropFieldsSource),
  };
}

const CLAIM = new RedisScript(claimSource);
const COMMIT = commitScripts();
const CREATE = new RedisScript(createSource);
const READ_FIELD = new RedisScript(readFieldSource);
const COUNT_ATTEMPT = new RedisScript(countAttemptSource);

const OUTCOMES: readonly CommitOutcome[] = ['committed', 'mine-already', 'not-mine', 'rolled-back', 'never-seen'];
const SLICE_FIELD = 's:';
/** Lua's unpack ends at about 8,000 values, of which a slice takes two. */
const MAX_SLICES_PER_COMMIT = 2_000;
/** One answer of a load: small enough to block Redis for well under a millisecond. */
const LOAD_BYTES = 256 * 1024;
const FIRST_LOAD_BLOBS = 8;
const MAX_LOAD_BLOBS = 64;
/** Fields of one answer of a load: they block Redis for about a millisecond. */
const LOAD_FIELDS = 1_000;

/**
 * Checkpoints in Redis. The keys of a task share its name as hash tag, so that one script may touch them all: a hash
 * with the fence and the state, for each slice a list of deltas, and a hash of fields. Nothing expires by time.
 */
export class RedisCheckpointStore implements CheckpointStore {
  readonly #prefix: string;
  readonly #scripts: CommitScripts;
  readonly #connect: (() => RedisCommands) | null;
  /** By task. */
  readonly #connections = new Map<string, RedisCommands>();

  constructor(
    private readonly redis: RedisCommands,
    { prefix = '', connect, commitScripts: scripts = COMMIT }: RedisCheckpointStoreOptions = {},
  ) {
    this.#prefix = prefix;
    this.#connect = connect ?? null;
    this.#scripts = scripts;
  }

  /** Ends the connections it has made; the one it was given is its giver's. */
  close(): void {
    for (const redis of this.#connections.values()) redis.disconnect();
    this.#connections.clear();
  }

  async claim(task: string, token: string): Promise<ClaimedCheckpoint | null> {
    const reply = await CLAIM.run(this.connectionOf(task), [this.keyOf(task, 'meta')], [token]);
    if (reply === null) return null;
    const [inc, next, seek, state] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (!Buffer.isBuffer(inc) || !Buffer.isBuffer(next) || !Buffer.isBuffer(seek) || !Buffer.isBuffer(state)) {
      throw new CheckpointDamagedError('meta', `${task} has no position or state`);
    }
    return { inc: inc.toString(), next: Number(next.toString()), seek: Number(seek.toString()), state };
  }

  async create(task: string, token: string, { inc, next, seek, state }: ClaimedCheckpoint): Promise<boolean> {
    const args = [inc, token, next, seek, bufferOf(state)];
    return (await CREATE.run(this.connectionOf(task), [this.keyOf(task, 'meta'), this.keyOf(task, 'f')], args)) === 1;
  }

  /** @throws CheckpointDamagedError when a list is shorter than the checkpoint says. */
  async *load(task: string, next: number): AsyncGenerator<SliceDelta> {
    const redis = this.connectionOf(task);
    const meta = await redis.hgetallBuffer(this.keyOf(task, 'meta'));
    for (const [field, value] of Object.entries(meta)) {
      if (!field.startsWith(SLICE_FIELD)) continue;
      const slice = field.slice(SLICE_FIELD.length);
      const [generation = '', length = ''] = value.toString().split(' ');
      const name = `${this.keyOf(task, 'd:')}${slice}:${generation}`;
      for await (const delta of loadList(redis, slice, name, Number(length))) if (delta.rawNext <= next) yield delta;
    }
  }

  async *loadFields(task: string): AsyncGenerator<readonly FieldPut[]> {
    const redis = this.connectionOf(task);
    const scan = (cursor: string): Promise<[Buffer, Buffer[]]> =>
      redis.hscanBuffer(this.keyOf(task, 'f'), cursor, 'COUNT', LOAD_FIELDS);
    for (let page: Promise<[Buffer, Buffer[]]> | null = scan('0'); page !== null;) {
      const [next, pairs]: [Buffer, Buffer[]] = await page;
      const cursor = next.toString();
      // Redis looks for the next ones while these are taken in.
      page = cursor === '0' ? null : scan(cursor);
      page?.catch(() => undefined); // it is awaited only when these have been
      const found: FieldPut[] = [];
      for (let at = 0; at + 1 < pairs.length; at += 2) {
        found.push({ field: pairs[at] as Buffer, bytes: pairs[at + 1] as Buffer });
      }
      yield found;
    }
  }

  async readField(task: string, field: Uint8Array): Promise<FieldReading | null> {
    const keys = [this.keyOf(task, 'meta'), this.keyOf(task, 'f')];
    const reply = await READ_FIELD.run(this.connectionOf(task), keys, [bufferOf(field)]);
    if (reply === null) return null;
    const [next, state, bytes] = Array.isArray(reply) ? (reply as unknown[]) : [];
    if (!Buffer.isBuffer(next) || !Buffer.isBuffer(state)) {
      throw new CheckpointDamagedError('meta', `${task} has no position or state`);
    }
    return { next: Number(next.toString()), state, bytes: Buffer.isBuffer(bytes) ? bytes : null };
  }

  /** @throws RangeError for more slices than one script can change; what Redis throws, and then the outcome is open. */
  async commit(task: string, commit: Commit): Promise<CommitOutcome> {
    const { deltas, rewrites, drops, fields } = commit;
    const slices = deltas.length + rewrites.length + drops.length;
    if (slices > MAX_SLICES_PER_COMMIT)
      throw new RangeError(`a commit of ${slices} slices; at most ${MAX_SLICES_PER_COMMIT} are possible`);
    const portions = fields ? [...fieldPortions(fields.puts, ({ field, bytes }) => field.length + bytes.length)] : [];
    const refusal = await this.putFields(task, commit, portions);
    if (refusal !== null) return refusal;
    const outcome = await this.moveNext(task, commit, portions.length);
    if (fields && (outcome === 'committed' || outcome === 'mine-already')) {
      await this.dropFields(task, commit, fields.drops);
    }
    return outcome;
  }

  /** Null: all are written, or were before. */
  private async putFields(
    task: string,
    { fence, next }: Commit,
    portions: readonly (readonly FieldPut[])[],
  ): Promise<CommitOutcome | null> {
    const keys = [this.keyOf(task, 'meta'), this.keyOf(task, 'f')];
    for (const [index, portion] of portions.entries()) {
      const args: (string | number | Buffer)[] = [fence.inc, fence.token, fence.next, next, index + 1];
      for (const { field, bytes } of portion) args.push(bufferOf(field), bufferOf(bytes));
      const outcome = outcomeOf(await this.#scripts.putFields.run(this.connectionOf(task), keys, args));
      if (outcome === 'mine-already') return null;
      if (outcome !== 'committed') return outcome;
    }
    return null;
  }

  private async moveNext(task: string, commit: Commit, portions: number): Promise<CommitOutcome> {
    const { fence, next, seek, state, deltas, rewrites, drops } = commit;
    const args: (string | number | Buffer)[] = [
      this.keyOf(task, 'd:'),
      fence.inc,
      fence.token,
      fence.next,
      next,
      seek,
      bufferOf(state),
      portions,
    ];
    for (const list of [rewrites, deltas]) {
      args.push(list.length);
      for (const delta of list) args.push(delta.slice, encodeDelta(delta));
    }
    args.push(drops.length, ...drops);
    return outcomeOf(await this.#scripts.commit.run(this.connectionOf(task), [this.keyOf(task, 'meta')], args));
  }

  /** Whoever has taken over meanwhile drops them instead: a refusal changes nothing of what was committed. */
  private async dropFields(task: string, { fence, next }: Commit, drops: readonly Uint8Array[]): Promise<void> {
    const keys = [this.keyOf(task, 'meta'), this.keyOf(task, 'f')];
    for (const portion of fieldPortions(drops, ({ length }) => length)) {
      const args = [fence.inc, fence.token, next, ...portion.map(bufferOf)];
      const outcome = outcomeOf(await this.#scripts.dropFields.run(this.connectionOf(task), keys, args));
      if (outcome !== 'committed') return;
    }
  }

  async countAttempt(task: string, next: number): Promise<number> {
    return Number(await COUNT_ATTEMPT.run(this.connectionOf(task), [this.keyOf(task, 'attempts')], [next]));
  }

  private connectionOf(task: string): RedisCommands {
    if (this.#connect === null) return this.redis;
    const known = this.#connections.get(task);
    if (known !== undefined) return known;
    const made = this.#connect();
    this.#connections.set(task, made);
    return made;
  }

  private keyOf(task: string, what: string): string {
    if (/[{}]/.test(task)) throw new RangeError(`the name of a task must not contain braces: ${task}`);
    return `${this.#prefix}{${task}}:${what}`;
  }
}

function outcomeOf(reply: unknown): CommitOutcome {
  const outcome = OUTCOMES.find((one) => one === String(reply));
  if (outcome === undefined) throw new Error(`Redis answers a commit with ${String(reply)}`);
  return outcome;
}

async function* loadList(
  redis: RedisCommands,
  slice: string,
  name: string,
  length: number,
): AsyncGenerator<SliceDelta> {
  let count = FIRST_LOAD_BLOBS;
  for (let at = 0; at < length;) {
    const last = Math.min(at + count, length) - 1;
    const blobs = await redis.lrangeBuffer(name, at, last);
    if (blobs.length !== last - at + 1)
      throw new CheckpointDamagedError(slice, `${length} deltas are expected, ${at + blobs.length} are there`);
    let bytes = 1;
    for (const blob of blobs) {
      bytes += blob.length;
      yield decodeDelta(slice, blob);
    }
    at = last + 1;
    count = Math.min(MAX_LOAD_BLOBS, Math.max(1, Math.floor((LOAD_BYTES * blobs.length) / bytes)));
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
