import fc from 'fast-check';
import { FrameReader } from './frame-reader';

const framed = (compressed: boolean, message: Uint8Array): Buffer => {
  const head = Buffer.alloc(5);
  head[0] = compressed ? 1 : 0;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

describe('FrameReader', () => {
  it('finds every message, however the bytes are cut', () => {
    const message = fc.record({ compressed: fc.boolean(), bytes: fc.uint8Array({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 20 })), (messages, cuts) => {
        const found: string[] = [];
        const reader = new FrameReader({
          begins: (bytes, compressed) => found.push(`${bytes} ${compressed}`) > 0,
          ends: () => found.push('end') > 0,
        });
        let rest = Buffer.concat(messages.map(({ compressed, bytes }) => framed(compressed, bytes)));
        for (const cut of cuts) {
          reader.read(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        reader.read(rest);
        expect(found).toEqual(messages.flatMap(({ compressed, bytes }) => [`${bytes.length} ${compressed}`, 'end']));
        expect(reader.isInMessage).toBe(false);
      }),
    );
  });

  it('tells no more once it is told to stop', () => {
    let begun = 0;
    const reader = new FrameReader({ begins: () => ++begun < 2, ends: () => true });
    for (let i = 0; i < 4; i++) reader.read(framed(false, Buffer.from('abc')));
    expect(begun).toBe(2);
  });
});
