import * as fc from 'fast-check';
import Encoder from 'kafkajs/src/protocol/encoder';
import { repairKafkajs } from './repair-kafkajs';

repairKafkajs();

describe('the encoder of a request', () => {
  it('holds what was written, however it had to grow', () => {
    const pieces = fc.array(
      fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 400, maxLength: 3_000 })),
    );
    fc.assert(
      fc.property(pieces, (written) => {
        const encoder = new Encoder();
        for (const piece of written) encoder.writeInt32(piece.length).writeBuffer(Buffer.from(piece));
        const expected = written.flatMap((piece) => {
          const length = Buffer.alloc(4);
          length.writeInt32BE(piece.length);
          return [length, Buffer.from(piece)];
        });
        expect(encoder.buffer).toEqual(Buffer.concat(expected));
      }),
    );
  });

  it('takes no more room than a large piece needs', () => {
    const encoder = new Encoder().writeInt32(1).writeBuffer(Buffer.alloc(1_100_000));
    expect(encoder.buf).toHaveLength(1_100_004);
  });

  it('grows seldom under many small pieces', () => {
    const encoder = new Encoder();
    const rooms = new Set<Buffer>();
    for (let piece = 0; piece < 100_000; piece += 1) rooms.add(encoder.writeInt32(piece).buf);
    expect(rooms.size).toBeLessThan(15);
  });
});
