import type { RowsEnd, VisitSettings, VisitTrackerOptions } from '@tillstream/core';
import { VisitTracker } from '@tillstream/core';
import { keptName } from '@tillstream/contracts';
import type { StreamDefinition } from '@tillstream/contracts';
import type { DefinitionHistory } from '../definitions/definition-history';
import { definitionInForce } from '../definitions/definition-in-force';
import type { PartitionSource } from '../ports/log';
import type { BatchTask } from '../task/batch-task';
import type { BatchTaskKind, LoadedCheckpoint, PlacedOperator } from '../task/open-batch-task';
import { openBatchTask } from '../task/open-batch-task';
import { StopPartitionError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { waitForFirstBatch } from '../task/wait-for-first-batch';
import type { RowsTails } from './rows-tail';
import { readRowsTails } from './rows-tail';
import { TrackerOutput } from './tracker-output';
import { findTrackerStart } from './tracker-rebuild';

export const TRACKER = 'tracker';

/** Name of a partition's task in the store, of a stream by the name that things of it are kept under (`keptName`). */
export function trackerTask(stream: string, partition: number): string {
  return `tracker:${stream}:${partition}`;
}

/** The topics whose partitions the replicas of the tracker share. */
export function trackerInputs({ topics }: StreamDefinition): readonly string[] {
  return [topics.enriched];
}

/**
 * Finds the visits in one enriched partition, and what led to purchases: from its checkpoint, or rebuilt from the log when the
 * store knows nothing of it. Of what has been said through the tails of its rows nothing is said again.
 */
export function openTrackerTask(
  ports: TaskPorts,
  file: StreamDefinition,
  source: PartitionSource,
): Promise<BatchTask<VisitTracker>> {
  return openBatchTask(ports, file, source, new TrackerKind(ports, file, source));
}

class TrackerKind implements BatchTaskKind<VisitTracker> {
  readonly name: string;
  readonly service = TRACKER;
  readonly verb = 'track';

  constructor(
    private readonly ports: TaskPorts,
    private readonly file: StreamDefinition,
    private readonly source: PartitionSource,
  ) {
    this.name = trackerTask(keptName(file), source.partition);
  }

  waitForFirstBatch(): Promise<void> {
    return waitForFirstBatch(this.ports, this.source);
  }

  definitionIn(state: Uint8Array): string {
    return VisitTracker.settingsOf(state).definition;
  }

  async restore(
    definition: StreamDefinition,
    history: DefinitionHistory,
    saved: LoadedCheckpoint,
  ): Promise<VisitTracker> {
    const earlier = this.earlierSettings(definition, history, saved.state);
    const tracker = VisitTracker.restoreSome(this.optionsUnder(definition, await this.tails(history)), earlier, saved);
    for await (const users of saved.fields) tracker.restoreUsers(users);
    tracker.restored();
    return tracker;
  }

  async rebuild(history: DefinitionHistory): Promise<PlacedOperator<VisitTracker>> {
    const { file, name } = this;
    const tails = await this.tails(history);
    const start = await findTrackerStart(this.ports.reader, file, history, tails, this.source.partition, name);
    const definition = definitionInForce(history, start.before.definition, name, file.topics);
    const tracker = VisitTracker.create(this.optionsUnder(definition, tails), start);
    return { operator: tracker, definition, seek: start.seek };
  }

  outputOf(definition: StreamDefinition): TrackerOutput {
    return new TrackerOutput(this.ports, definition, this.source.partition);
  }

  private tails(history: DefinitionHistory): Promise<RowsTails> {
    return readRowsTails(this.ports.reader, this.file, history, this.source.partition);
  }

  private optionsUnder(definition: StreamDefinition, tails: RowsTails): VisitTrackerOptions {
    const { schema, sessions, attribution } = definition;
    const ends: { sessions: RowsEnd | null; attribution: RowsEnd | null } = tails;
    const settings = { sessions: sessions ?? null, attribution: attribution ?? null };
    return { schema, ...settings, partition: this.source.partition, tails: ends };
  }

  /** What a checkpoint is under, where it is not what is declared: a change of settings stands right before it. */
  private earlierSettings(
    { sessions, attribution, topics }: StreamDefinition,
    history: DefinitionHistory,
    state: Uint8Array,
  ): VisitSettings {
    const saved = VisitTracker.settingsOf(state);
    const definitions = history.definitions();
    const find = <Settings extends { readonly identity: string }>(
      identity: string,
      declared: Settings | undefined,
      known: readonly (Settings | undefined)[],
    ): Settings | null => {
      if (identity === '' || identity === declared?.identity) return null;
      const found = known.find((settings) => settings?.identity === identity);
      if (found) return found;
      throw new StopPartitionError(
        'definition-mismatch',
        this.name,
        `its checkpoint is under ${identity}, and ${topics.definitions} holds no stream file that declares this: put one live ` +
          'that does with `till apply FILE`, or empty the store of this task and let it rebuild',
      );
    };
    return {
      sessions: find(
        saved.sessions,
        sessions,
        definitions.map((one) => one.sessions),
      ),
      attribution: find(
        saved.attribution,
        attribution,
        definitions.map((one) => one.attribution),
      ),
    };
  }
}
