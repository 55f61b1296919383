import { SESSION_FIELDS, formatMoney, sessionId } from '@tillstream/core';
import { decodeSession } from '../sessions/session-record';
import type { ToldSession } from '../sessions/session-record';
import type { StreamDefinition } from '../stream-file/stream-definition';
import type { FeedValue } from './feed';
import type { FeedDecoder } from './feed-decoder';
import { feedValue } from './field-values';

/** Sessions that are over. */
export function sessionDecoder({ schema: { money } }: StreamDefinition): FeedDecoder {
  return (record, partition) => {
    const session = decodeSession(record, money.exponent);
    if (session === null) return [];
    return [
      {
        table: 'sessions',
        id: sessionId(session),
        version: session.closedBy,
        timeMs: session.endMs,
        ...{ partition, offset: record.offset, index: 0 },
        record: record.value,
        values: valuesOf(session, money.exponent),
      },
    ];
  };
}

function valuesOf(session: ToldSession, moneyExponent: number): Readonly<Record<string, FeedValue>> {
  const values: Record<string, FeedValue> = {};
  for (const { name, type, value } of SESSION_FIELDS) values[name] = feedValue(value(session), type, moneyExponent);
  values['steps'] = session.path;
  values['client_session_ids'] = session.clientSessions;
  values['cart'] = session.cart.map(({ product, value }) => ({
    product,
    value: value === null ? null : formatMoney(value, moneyExponent),
  }));
  values['definition'] = session.identity.slice(session.identity.lastIndexOf('@') + 1);
  values['closed_by'] = session.closedBy;
  return values;
}
