import type { StreamDefinition } from '@tillstream/contracts';
import {
  decodeAlertRecord,
  decodeAttribution,
  decodeControl,
  decodeDeadLetter,
  decodeDefinition,
  decodeLateRows,
  decodeMetricsRecord,
  decodePartsRecord,
  decodeSession,
} from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { readableBatch } from '@tillstream/engine';
import { leaveBehind } from './leave-behind';
import type { Legacy } from './legacy';
import { definitionOf } from './legacy';

/** A topic, how its records are read, and what a later version may have put into them. */
interface Written {
  readonly topic: string;
  readonly read: (record: LogRecord) => unknown;
  readonly withMore: (value: Uint8Array) => Uint8Array;
}

/** Fields 500, a number, and 501, bytes: of a Protobuf message they may stand anywhere. */
const MORE_FIELDS = Uint8Array.from([0xa0, 0x1f, 7, 0xaa, 0x1f, 2, 1, 2]);
const withMoreFields = (value: Uint8Array): Uint8Array => Uint8Array.from([...value, ...MORE_FIELDS]);

/** A member before all others, in every line. */
const withMoreMembers = (value: Uint8Array): Uint8Array =>
  Uint8Array.from(Buffer.from(Buffer.from(value).toString().replaceAll(/^\{/gm, '{"from_tomorrow":{"list":[1,"}"]},')));

function writtenTopics({ topics, schema }: StreamDefinition): readonly Written[] {
  const { exponent } = schema.money;
  const batches = { read: readableBatch, withMore: withMoreFields };
  const parts = { read: decodePartsRecord, withMore: withMoreFields };
  return [
    ...[topics.enriched, topics.sessionRows, topics.attributionRows].map((topic) => ({ topic, ...batches })),
    ...[topics.parts, topics.sessionParts, topics.attributionParts].map((topic) => ({ topic, ...parts })),
    { topic: topics.metrics, read: decodeMetricsRecord, withMore: withMoreMembers },
    { topic: topics.sessions, read: (record) => decodeSession(record, exponent), withMore: withMoreMembers },
    { topic: topics.attributions, read: (record) => decodeAttribution(record, exponent), withMore: withMoreMembers },
    { topic: topics.alerts, read: decodeAlertRecord, withMore: withMoreMembers },
    { topic: topics.definitions, read: (record) => decodeDefinition(record), withMore: withMoreMembers },
  ];
}

describe('what a later version writes', () => {
  let legacy: Legacy;
  let definition: StreamDefinition;
  const recordsOf = (topic: string): LogRecord[] =>
    [...(legacy.log.get(topic) ?? [])].flat().flatMap((record) => {
      const { value } = record;
      return value !== null && value.length > 0 ? [{ ...record, value: Uint8Array.from(value) }] : [];
    });

  beforeAll(async () => {
    legacy = await leaveBehind(1);
    definition = definitionOf(legacy.file);
  });

  it('is read as if its additions were not there, in every topic', () => {
    const compared = writtenTopics(definition).map(({ topic, read, withMore }) => {
      const records = recordsOf(topic);
      for (const record of records) {
        const more = { ...record, value: withMore(record.value ?? new Uint8Array()) };
        expect(more.value).not.toEqual(record.value);
        expect(plain(read(more))).toEqual(plain(read(record)));
      }
      return [topic, records.length > 0];
    });
    expect(compared.filter(([, hasAny]) => hasAny !== true)).toEqual([]);
  });

  it('is read with its additions left out, also of late rows and dead letters', () => {
    const { late, deadLetters } = definition.topics;
    for (const record of recordsOf(late)) {
      const more = { ...record, value: withMoreMembers(record.value ?? new Uint8Array()) };
      expect(decodeLateRows(more)).toHaveLength(decodeLateRows(record).length);
    }
    for (const record of recordsOf(deadLetters)) {
      const headers = { ...record.headers, 'tillstream-from-tomorrow': Uint8Array.of(1) };
      expect(decodeDeadLetter({ ...record, headers })).toEqual(decodeDeadLetter(record));
    }
  });

  it('is carried along and obeyed by nobody where it is a decision of a kind that is not known', () => {
    const payload = Buffer.from('{"kind":"rewind","to":7}');
    expect(decodeControl(payload)).toEqual({ kind: 'other', payload });
  });

  it('is no result, alert or share where it is of a kind that is not known', () => {
    const [key, value] = [Buffer.from('z|of|tomorrow'), Buffer.from('{}')];
    expect(decodeMetricsRecord({ key, value })).toEqual({ kind: 'unknown' });
    expect(decodeAlertRecord({ key, value })).toEqual({ kind: 'unknown' });
    expect(decodePartsRecord({ value: MORE_FIELDS })).toEqual({ kind: 'unknown' });
  });
});

/** Where its bytes stand in memory is no part of what was read. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null, (_name, part: unknown) => (part instanceof Map ? [...part] : part)));
}
