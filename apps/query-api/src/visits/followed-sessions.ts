import {
  fromTimestamp,
  toCart,
  toSessionMessage,
  toTimestamp,
  type AbandonedCartMessage,
  type AsOfMessage,
  type SessionMessage,
  type StreamDefinition,
} from '@tillstream/contracts';
import { cartValue, formatMoney } from '@tillstream/core';
import type { FollowerOptions, LogFollower } from '../results/log-follower';
import { OlderRows } from '../history/older-rows';
import type { Histories } from '../history/window-history';
import type { Instant } from '../view/recent-rows';
import { RowView } from '../view/row-view';
import { followRows } from './follow-rows';
import type { OpenSessions } from './open-sessions';
import { SessionRows, type SessionRow } from './session-rows';

/** The open sessions of somebody, and how far they are known. */
export interface OpenNow {
  readonly sessions: readonly SessionMessage[];
  readonly asOf: AsOfMessage;
}

/** What a tracker has published is here within moments. */
const READ_WITHIN_MS = 2_000;

/** The sessions of a stream: those that are over, from their topic, and those that are open, which only the tracker knows. */
export class FollowedSessions {
  readonly view: RowView<SessionRow>;
  readonly follower: LogFollower;
  private readonly records: SessionRows;

  constructor(
    private readonly definition: StreamDefinition,
    private readonly options: FollowerOptions & { readonly mostRows: number; readonly tracker: OpenSessions },
  ) {
    const { schema, topics, retention } = definition;
    this.records = new SessionRows(this.exponent);
    this.view = new RowView(schema.partitions, options.mostRows, (partition, record) =>
      this.records.read(partition, record),
    );
    this.follower = followRows(
      definition,
      { topic: topics.sessions, retentionMs: retention.sessionsMs, view: this.view },
      options,
    );
  }

  get stream(): string {
    return this.definition.schema.stream;
  }

  /** Sessions that ended at this time or later are all there; null: nothing is known to be missing. */
  get completeFromMs(): number | null {
    return this.view.rows.completeFromMs;
  }

  /** Those of a user, or with an empty name of all. */
  rowsOf(user: string, instantOf: Instant<SessionRow>): readonly SessionRow[] {
    const { rows } = this.view;
    return user === '' ? rows.newestFirst(instantOf) : rows.withKey(user, instantOf);
  }

  /** What is stored of sessions for longer than they are held here, as of now. */
  older(histories: Histories): OlderRows<SessionRow> {
    return new OlderRows({
      ...{ what: 'sessions that ended', feed: 'sessions', stream: this.stream, view: this.view, histories },
      read: (partition, record) => this.records.read(partition, record),
    });
  }

  withId(id: string): SessionMessage | null {
    const row = this.view.rows.withId(id);
    return row ? this.toMessage(row) : null;
  }

  readonly toMessage = (row: SessionRow): SessionMessage =>
    toSessionMessage(this.records.sessionOf(row), { partition: row.partition, exponent: this.exponent });

  readonly toCart = (row: SessionRow): AbandonedCartMessage => {
    const session = this.records.sessionOf(row);
    return {
      ...{ sessionId: row.id, user: session.user, part: row.part },
      ...{ start: toTimestamp(row.startMs), end: toTimestamp(row.timeMs) },
      products: toCart(session, this.exponent),
      value: formatMoney(cartValue(session) ?? 0, this.exponent),
    };
  };

  /**
   * A session is published before the tracker forgets it. So once the view has read what stands in the topic after the tracker's
   * answer, no session is in neither of them; and one that is in both is over.
   *
   * @returns null: nobody can say
   */
  async openNow(user: string, signal: AbortSignal): Promise<OpenNow | null> {
    const answer = await this.options.tracker.of(this.stream, user, signal);
    if (answer?.asOf == null) return null;
    const { sessions, asOf } = answer;
    const end = await this.options.log.end(this.definition.topics.sessions, asOf.partition);
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(READ_WITHIN_MS)]);
    await this.view.reached(asOf.partition, end, inTime);
    if (this.view.positions[asOf.partition]! < end) return null;
    const over = this.view.rows.withKey(user);
    return { sessions: sessions.filter((open) => !over.some((closed) => isOneOf(closed, open))), asOf };
  }

  private get exponent(): number {
    return this.definition.schema.money.exponent;
  }
}

/** Sessions of one user, or part, never share a moment: those that do are the same, seen at two times. */
function isOneOf(closed: SessionRow, { part, start, end }: SessionMessage): boolean {
  return closed.part === part && closed.startMs <= fromTimestamp(end!) && closed.timeMs >= fromTimestamp(start!);
}
