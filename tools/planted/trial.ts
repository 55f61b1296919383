import { live } from '../simulate/live';

/** How a bug fared in a row of simulated lives. */
export interface Trial {
  /** Lives that went by, the wrong one included. */
  readonly lives: number;
  /** What was wrong in the last of them; null: nothing in any. */
  readonly problem: string | null;
}

/** Lives with seeds from 1 on, until one ends wrong. */
async function trial(most: number): Promise<Trial> {
  for (let seed = 1; seed <= most; seed += 1) {
    const { problems } = await live(seed);
    if (problems.length > 0) return { lives: seed, problem: problems[0] ?? '' };
  }
  return { lives: most, problem: null };
}

trial(Number(process.argv[2])).then(
  (result) => process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0)),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
