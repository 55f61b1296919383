import { parseArgs } from 'node:util';
import { leaveBehind } from './leave-behind';
import { readLegacy, writeLegacy } from './legacy';
import { takeOver } from './takeover';

const HELP = `npm run handover -- --write FILE | --take-over FILE [--seed N]

Shows that one version of the services can go on where another has been killed, in either direction: one writes what it
leaves behind (records of every topic, checkpoints), and the other takes over from it. What that says in the end must be, byte for
byte, what it says who reads the raw log alone.

  --write FILE      the services of this version work for a while, are killed, and what they leave behind is written
  --take-over FILE  the services of this version go on with what stands in the file; exit code 1 when anything is wrong then
  --seed N          of what happens (default 1)
  --help            this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      write: { type: 'string' },
      'take-over': { type: 'string' },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed);
  if (values.write !== undefined) {
    writeLegacy(values.write, await leaveBehind(seed));
    return 0;
  }
  if (values['take-over'] !== undefined) {
    const { problems, compared } = await takeOver(readLegacy(values['take-over']), seed);
    for (const problem of problems) process.stdout.write(`${problem}\n`);
    process.stdout.write(`${compared} records compared, ${problems.length} differences\n`);
    return problems.length === 0 && compared > 0 ? 0 : 1;
  }
  process.stdout.write(HELP);
  return 0;
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
