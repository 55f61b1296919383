import type { RowField } from '../batch/row-fields';
import type { ClosedSession } from './session';
import { cartValue, isAbandoned, sessionId } from './session';

const HOUR_MS = 3_600_000;

/**
 * What a row of a session says: the fields of the stream that metrics over sessions are computed over. New ones are added at
 * the end, because their numbers are in the log.
 */
export const SESSION_FIELDS: readonly RowField<ClosedSession>[] = [
  { name: 'session_id', type: 'string', value: sessionId },
  { name: 'user', type: 'string', value: ({ user }) => user },
  { name: 'part', type: 'string', optional: true, value: ({ part }) => part },
  { name: 'started', type: 'timestamp', value: ({ startMs }) => startMs },
  { name: 'ended', type: 'timestamp', value: ({ endMs }) => endMs },
  { name: 'duration_ms', type: 'int', value: ({ startMs, endMs }) => endMs - startMs },
  { name: 'events', type: 'int', value: ({ events }) => events },
  { name: 'page_views', type: 'int', value: ({ pageViews }) => pageViews },
  { name: 'carts', type: 'int', value: ({ carts }) => carts },
  { name: 'purchases', type: 'int', value: ({ purchases }) => purchases },
  { name: 'products', type: 'int', value: ({ products }) => products },
  { name: 'revenue', type: 'money', value: ({ revenue }) => revenue },
  { name: 'converted', type: 'bool', value: ({ purchases }) => purchases > 0 },
  { name: 'bounced', type: 'bool', value: ({ events }) => events === 1 },
  { name: 'entry_product', type: 'string', optional: true, dictionary: true, value: ({ entry }) => entry.product },
  { name: 'entry_category', type: 'string', optional: true, dictionary: true, value: ({ entry }) => entry.category },
  { name: 'exit_product', type: 'string', optional: true, dictionary: true, value: ({ exit }) => exit.product },
  { name: 'exit_category', type: 'string', optional: true, dictionary: true, value: ({ exit }) => exit.category },
  { name: 'device', type: 'string', optional: true, dictionary: true, value: ({ device }) => device },
  { name: 'location', type: 'string', optional: true, dictionary: true, value: ({ location }) => location },
  { name: 'path', type: 'string', dictionary: true, value: ({ path }) => path.join(' > ') },
  { name: 'client_session', type: 'string', optional: true, value: ({ clientSessions }) => clientSessions[0] ?? null },
  { name: 'client_sessions', type: 'int', value: ({ clientSessions }) => clientSessions.length },
  { name: 'cart_value', type: 'money', optional: true, value: cartValue },
  { name: 'cart_products', type: 'int', value: ({ cart }) => cart.length },
  { name: 'abandoned', type: 'bool', value: isAbandoned },
  { name: 'cut', type: 'bool', value: ({ isCut }) => isCut },
  { name: 'truncated', type: 'bool', value: ({ truncated }) => truncated },
  // In UTC. Before 1970 times are negative, and hours are not.
  { name: 'hour_of_day', type: 'int', value: ({ startMs }) => ((Math.floor(startMs / HOUR_MS) % 24) + 24) % 24 },
];
