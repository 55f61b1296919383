import type { StreamDefinition } from '@tillstream/contracts';
import type { FollowerOptions, LogFollower } from '../results/log-follower';
import { FollowedAttributions } from './followed-attributions';
import { FollowedSessions } from './followed-sessions';
import type { OpenSessions } from './open-sessions';

export interface VisitOptions extends FollowerOptions {
  readonly maxSessions: number;
  readonly maxAttributions: number;
  readonly tracker: OpenSessions;
}

/** A log of visits that is followed, for those who watch over it. */
export interface FollowedTopic {
  readonly stream: string;
  readonly topic: string;
  readonly follower: LogFollower;
  /** Rows that are held. */
  readonly rows: number;
}

/** What a stream tells of visits; null is what it does not declare. */
export class FollowedVisits {
  readonly sessions: FollowedSessions | null;
  readonly attributions: FollowedAttributions | null;

  constructor(
    private readonly definition: StreamDefinition,
    options: VisitOptions,
  ) {
    const { maxSessions, maxAttributions } = options;
    this.sessions = definition.sessions
      ? new FollowedSessions(definition, { ...options, mostRows: maxSessions })
      : null;
    this.attributions = definition.attribution
      ? new FollowedAttributions(definition, { ...options, mostRows: maxAttributions })
      : null;
  }

  get topics(): readonly FollowedTopic[] {
    const { topics } = this.definition;
    return [...followedTopic(topics.sessions, this.sessions), ...followedTopic(topics.attributions, this.attributions)];
  }
}

function followedTopic(topic: string, followed: FollowedSessions | FollowedAttributions | null): FollowedTopic[] {
  if (followed === null) return [];
  const { stream, follower, view } = followed;
  return [
    {
      ...{ stream, topic, follower },
      get rows() {
        return view.rows.size;
      },
    },
  ];
}
