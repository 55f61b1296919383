import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { readDefinitions } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { CheckpointStore, ClaimedCheckpoint, FieldPut, SliceDelta } from '../ports/checkpoint-store';
import type { PartitionSource } from '../ports/log';
import type { BatchOperator, BatchOutput } from './batch-operator';
import { BatchTask } from './batch-task';
import { Committer, countCommit } from './committer';
import { readGaps } from './gap-ledger';
import type { TaskPorts } from './task-ports';

const TOKEN_BYTES = 16;

/** A checkpoint as it is loaded. */
export interface LoadedCheckpoint {
  readonly next: number;
  readonly state: Uint8Array;
  readonly deltas: readonly SliceDelta[];
  /** To be taken in as they come: the store looks for the next ones meanwhile. Once. */
  readonly fields: AsyncIterable<readonly FieldPut[]>;
}

/** An operator, and where it reads on. */
export interface PlacedOperator<Operator> {
  readonly operator: Operator;
  readonly definition: StreamDefinition;
  readonly seek: number;
}

/** One service's way of working on a partition. */
export interface BatchTaskKind<Operator extends BatchOperator> {
  /** Of the task in the store. */
  readonly name: string;
  /** Whose gaps hold. */
  readonly service: string;
  /** What is done with a batch, for traces. */
  readonly verb: string;
  /** Resolves when the partition has a batch to begin with. */
  waitForFirstBatch(): Promise<void>;
  /** sha256 (hex) of the definition that is in force in a checkpoint. */
  definitionIn(state: Uint8Array): string;
  restore(
    definition: StreamDefinition,
    history: DefinitionHistory,
    saved: LoadedCheckpoint,
  ): Operator | Promise<Operator>;
  /** The operator of a task whose store knows nothing of it. */
  rebuild(history: DefinitionHistory): Promise<PlacedOperator<Operator>>;
  outputOf(definition: StreamDefinition, operator: Operator): BatchOutput<Operator> | Promise<BatchOutput<Operator>>;
}

/** Takes a partition over: from its checkpoint, or rebuilt from the log when the store knows nothing of it. */
export async function openBatchTask<Operator extends BatchOperator>(
  ports: TaskPorts,
  file: StreamDefinition,
  source: PartitionSource,
  kind: BatchTaskKind<Operator>,
): Promise<BatchTask<Operator>> {
  const { partition } = source;
  const { stream } = file.schema;
  const { name } = kind;
  const startedMs = ports.clock.monotonicMs();
  const gaps = await readGaps(ports.reader, file, kind.service, partition);
  const token = ports.random.hex(TOKEN_BYTES);
  const claimed = await ports.store.claim(name, token);
  if (!claimed) await kind.waitForFirstBatch();
  const history = await readDefinitions(ports.reader, file);

  let placed: PlacedOperator<Operator>;
  let inc: string;
  if (claimed) {
    ({ inc } = claimed);
    const definition = definitionInForce(history, kind.definitionIn(claimed.state), name, file.topics);
    const restore = async (): Promise<Operator> =>
      kind.restore(definition, history, await loadCheckpoint(ports.store, claimed, name));
    const [restored] = await Promise.allSettled([restore()]);
    if (!(await isUnchanged(ports.store, name, token, claimed))) {
      return openBatchTask(ports, file, source, kind);
    }
    // Only of a checkpoint that is whole it means anything that it is damaged.
    if (restored.status === 'rejected') throw restored.reason;
    placed = { operator: restored.value, definition, seek: claimed.seek };
  } else {
    placed = await kind.rebuild(history);
    inc = ports.random.hex(TOKEN_BYTES);
    const { state } = placed.operator.takeDeltas();
    const created = { inc, next: placed.operator.next, seek: placed.seek, state };
    if (!(await ports.store.create(name, token, created))) {
      return openBatchTask(ports, file, source, kind); // somebody else was quicker: claim what they made
    }
  }
  const { operator, definition, seek } = placed;
  const { meter, log } = ports.telemetry;
  const labels = { stream, topic: source.topic, partition };
  const committer = new Committer(ports.store, ports.clock, name, { inc, token }, operator.next, (said) =>
    countCommit(meter, labels, said),
  );
  for (const counter of ['events_in', 'commits', 'fenced'] as const) meter.count(counter, labels, 0);
  meter.observe('restore_seconds', labels, (ports.clock.monotonicMs() - startedMs) / 1000);
  log.info('task_opened', { task: name, next: operator.next, seek, rebuilt: claimed === null });
  source.seek(seek);
  const output = await kind.outputOf(definition, operator);
  const { verb } = kind;
  const work = { name, verb, stream, definition: definition.sha256, source, gaps, operator, output, committer, seek };
  return new BatchTask(ports, work);
}

async function loadCheckpoint(
  store: CheckpointStore,
  { next, state }: ClaimedCheckpoint,
  name: string,
): Promise<LoadedCheckpoint> {
  const deltas: SliceDelta[] = [];
  for await (const delta of store.load(name, next)) deltas.push(delta);
  return { next, state, deltas, fields: store.loadFields(name) };
}

/**
 * Was what has been loaded meanwhile the checkpoint as it was claimed? A store that was emptied or rolled back since, or another
 * owner that has committed, would leave a part of it, and finals are published before any commit could be refused.
 */
async function isUnchanged(
  store: CheckpointStore,
  name: string,
  token: string,
  { inc, next }: ClaimedCheckpoint,
): Promise<boolean> {
  const again = await store.claim(name, token);
  return again?.inc === inc && again.next === next;
}
