import type { SessionMessage } from '@tillstream/contracts';

/** Where the sessions of a stream and the client's own session ids disagree. */
export interface SessionComparison {
  readonly users: number;
  readonly sessions: number;
  readonly client_sessions: number;
  /** None of their events has an id of the client's. */
  readonly sessions_without_client: number;
  /** The client began anew although no gap was long enough. */
  readonly sessions_with_several_clients: number;
  /** The client went on although a gap was too long, or the session was cut; or gave one id to several users. */
  readonly clients_in_several_sessions: number;
  readonly examples: {
    readonly joined: readonly { readonly session: string; readonly clients: readonly string[] }[];
    readonly split: readonly { readonly client: string; readonly sessions: readonly string[] }[];
  };
}

const EXAMPLES = 3;

/** Puts sessions beside the ids that clients gave their events, one session after the other. */
export class ComparedSessions {
  private readonly users = new Set<string>();
  private readonly places = new Map<string, string[]>();
  private readonly joined: { session: string; clients: readonly string[] }[] = [];
  private sessions = 0;
  private without = 0;
  private several = 0;

  add({ id, user, clientSessions }: Pick<SessionMessage, 'id' | 'user' | 'clientSessions'>): void {
    this.sessions += 1;
    this.users.add(user);
    if (clientSessions.length === 0) this.without += 1;
    if (clientSessions.length > 1) {
      this.several += 1;
      if (this.joined.length < EXAMPLES) this.joined.push({ session: id, clients: clientSessions });
    }
    for (const client of clientSessions) {
      const known = this.places.get(client);
      if (known) known.push(id);
      else this.places.set(client, [id]);
    }
  }

  result(): SessionComparison {
    const split = [...this.places].filter(([, sessions]) => sessions.length > 1);
    return {
      users: this.users.size,
      sessions: this.sessions,
      client_sessions: this.places.size,
      sessions_without_client: this.without,
      sessions_with_several_clients: this.several,
      clients_in_several_sessions: split.length,
      examples: {
        joined: this.joined,
        split: split.slice(0, EXAMPLES).map(([client, sessions]) => ({ client, sessions })),
      },
    };
  }
}

/** For people. */
export function describeComparison(found: SessionComparison): string {
  const count = (value: number): string => value.toLocaleString('en').padStart(9);
  const lines = [
    `${count(found.sessions)}  sessions of ${found.users.toLocaleString('en')} users`,
    `${count(found.client_sessions)}  ids that clients gave their own sessions`,
    `${count(found.sessions_with_several_clients)}  sessions hold several of these ids: the client began anew, no gap was long enough`,
    ...found.examples.joined.map(({ session, clients }) => `${INDENT}${session}: ${clients.join(', ')}`),
    `${count(found.clients_in_several_sessions)}  ids are in several sessions: the client went on behind a gap, or gave it to several users`,
    ...found.examples.split.map(({ client, sessions }) => `${INDENT}${client}: ${sessions.join(', ')}`),
    `${count(found.sessions_without_client)}  sessions have none of these ids`,
  ];
  return `${lines.join('\n')}\n`;
}

const INDENT = ' '.repeat(13);
