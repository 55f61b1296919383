import {
  keptName,
  toSessionMessage,
  toTimestamp,
  type AsOfMessage,
  type CountOpenSessionsResponse,
  type GetOpenSessionResponse,
  type StreamDefinition,
} from '@tillstream/contracts';
import {
  VisitTracker,
  openSessionsIn,
  partitionOf,
  trackerMoment,
  type Session,
  type SessionsDefinition,
  type TrackerMoment,
} from '@tillstream/core';
import { trackerTask, type CheckpointStore, type DefinitionHistory, type FieldReading } from '@tillstream/engine';

/** Nobody works on a partition yet, or its checkpoint is lost and is being built anew. */
export class NotTrackedError extends Error {
  override readonly name = 'NotTrackedError';
  readonly code = 'NOT_TRACKED';

  constructor(stream: string, partition: number) {
    super(
      `there is no checkpoint of partition ${partition} of ${stream}: it is not worked on yet, or is being rebuilt`,
    );
  }
}

/** The stream file in force declares no sessions. */
export class NoSessionsError extends Error {
  override readonly name = 'NoSessionsError';
  readonly code = 'NO_SESSIONS';

  constructor(stream: string) {
    super(`stream ${stream} declares no sessions`);
  }
}

const ENCODER = new TextEncoder();
/** Nobody has no name: what is read is the checkpoint alone. */
const NO_USER = new Uint8Array(0);

/** The open sessions of a stream as the checkpoints of its partitions have them, whoever works on these. */
export class OpenSessions {
  private history: DefinitionHistory | null = null;

  /**
   * @param file what the service was started with
   * @param readHistory all stream files that were put live since
   */
  constructor(
    private readonly file: StreamDefinition,
    private readonly store: Pick<CheckpointStore, 'readField'>,
    private readonly readHistory: (file: StreamDefinition) => Promise<DefinitionHistory>,
  ) {}

  /**
   * Those of a user.
   *
   * @param part only those of it; empty: all
   * @throws NotTrackedError, NoSessionsError
   */
  async of(user: string, part: string): Promise<GetOpenSessionResponse> {
    const { partitions, money } = this.file.schema;
    const field = ENCODER.encode(user);
    const partition = partitionOf(field, 0, field.length, partitions);
    const reading = await this.read(partition, field);
    const settings = await this.settingsIn(reading.state);
    const moment = trackerMoment(reading.state);
    const sessions = openSessionsIn(user, reading, settings).filter(
      (session) => isOpen(session, moment, settings) && (part === '' || session.part === part),
    );
    const origin = { partition, exponent: money.exponent };
    return {
      sessions: [...sessions].sort(byStart).map((session) => toSessionMessage(session, origin)),
      asOf: asOf(partition, reading, moment),
    };
  }

  /** @throws NotTrackedError, NoSessionsError */
  async count(): Promise<CountOpenSessionsResponse> {
    const counted = await Promise.all(
      Array.from({ length: this.file.schema.partitions }, async (_, partition) => {
        const reading = await this.read(partition, NO_USER);
        await this.settingsIn(reading.state);
        const moment = trackerMoment(reading.state);
        return { count: moment.openSessions, asOf: asOf(partition, reading, moment) };
      }),
    );
    return {
      count: String(counted.reduce((sum, { count }) => sum + count, 0)),
      partitions: counted.map(({ count, asOf }) => ({ count: String(count), asOf })),
    };
  }

  private async read(partition: number, field: Uint8Array): Promise<FieldReading> {
    const { stream } = this.file.schema;
    const reading = await this.store.readField(trackerTask(keptName(this.file), partition), field);
    if (reading === null) throw new NotTrackedError(stream, partition);
    return reading;
  }

  /** The settings that a checkpoint is under: those of the file, or of one that was put live since. */
  private async settingsIn(state: Uint8Array): Promise<SessionsDefinition> {
    const { sessions: identity, definition } = VisitTracker.settingsOf(state);
    const isMeant = (file: StreamDefinition | null | undefined): boolean => file?.sessions?.identity === identity;
    if (isMeant(this.file)) return this.file.sessions!;
    if (!isMeant(this.history?.find(definition))) this.history = await this.readHistory(this.file);
    const { sessions } = this.history?.find(definition) ?? {};
    if (sessions === undefined) throw new NoSessionsError(this.file.schema.stream);
    return sessions;
  }
}

/** What is left of a field may be of a session that has been closed since. */
function isOpen(
  { endMs }: Session,
  { watermarkInputMs }: TrackerMoment,
  { gapMs, outOfOrdernessMs }: SessionsDefinition,
): boolean {
  return endMs + gapMs >= watermarkInputMs - outOfOrdernessMs;
}

function byStart(a: Session, b: Session): number {
  const [left, right] = [a.part ?? '', b.part ?? ''];
  return a.startMs - b.startMs || (left < right ? -1 : left > right ? 1 : 0);
}

function asOf(
  partition: number,
  { next }: FieldReading,
  { watermarkInputMs, maxAppendMs }: TrackerMoment,
): AsOfMessage {
  const instant = (ms: number): AsOfMessage['watermark'] => (ms === -Infinity ? null : toTimestamp(ms));
  return {
    ...{ partition, rawNext: String(next) },
    ...{ watermark: instant(watermarkInputMs), appended: instant(maxAppendMs) },
  };
}
