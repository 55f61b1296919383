import { definitionFrom } from '../testing';
import { decodeDefinition, encodeDefinition } from './definition-record';

const TEXT = `stream: shop
partitions: 1
key: [user]
eventTime: {field: at, outOfOrderness: 1s}
fields:
  at: {type: timestamp}
  user: {type: string}
`;
const definition = definitionFrom(TEXT);

describe('a record of the definitions topic', () => {
  it('gives the stream file that was put live', () => {
    expect(decodeDefinition(encodeDefinition(definition))).toEqual(definition);
  });

  it('is not read again when it is known', () => {
    expect(decodeDefinition(encodeDefinition(definition), definition)).toBe(definition);
  });

  it.each([null, new Uint8Array(0), Buffer.from('{"sha256":1}'), Buffer.from('[]'), Buffer.from('rubbish')])(
    'is passed over when it is none: %p',
    (value) => expect(decodeDefinition({ value })).toBeNull(),
  );

  it('is refused when this version takes it for another file than the one that wrote it', () => {
    const other = encodeDefinition({ ...definition, text: TEXT.replace('partitions: 1', 'partitions: 2') });
    expect(() => decodeDefinition(other)).toThrow(/means something else to this version/);
    const unreadable = encodeDefinition({ ...definition, text: 'stream: shop' });
    expect(() => decodeDefinition(unreadable)).toThrow(/cannot read/);
  });
});
