import * as fc from 'fast-check';
import { RespCommands } from './resp-commands';

const wireOf = (args: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from(`*${args.length}\r\n`),
    ...args.flatMap((arg) => [Buffer.from(`$${arg.length}\r\n`), arg, Buffer.from('\r\n')]),
  ]);

describe('commands on their way to Redis', () => {
  it('are the same however the bytes are cut', () => {
    const args = fc.array(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(fc.array(args), fc.array(fc.nat(40)), (commands, cuts) => {
        const wire = Buffer.concat(commands.map(wireOf));
        const parser = new RespCommands();
        const found = [];
        let at = 0;
        for (const cut of cuts) {
          found.push(...parser.push(wire.subarray(at, at + cut)));
          at = Math.min(wire.length, at + cut);
        }
        found.push(...parser.push(wire.subarray(at)));
        expect(found.map((command) => command.args)).toEqual(commands);
        expect(Buffer.concat(found.map(({ bytes }) => bytes))).toEqual(wire);
      }),
    );
  });

  it('are not guessed at', () => {
    expect(() => new RespCommands().push(Buffer.from('PING\r\n'))).toThrow('PING');
  });
});
