import type { CheckpointStore, LogWriter, TaskPorts } from '@tillstream/engine';
import { live } from './live';
import type { Circumstances } from './run';
import { NO_FAULTS } from './weather';

const LIVES = 100;
const RANDOM_LIVES = 60;
const FIRST_SEED = 1;

describe('a simulated platform', () => {
  it(`gives what its raw log demands in ${LIVES} lives of crashes, zombies and broken stores`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed += 1) {
      const { problems } = await live(seed);
      if (problems.length === 0) continue;
      throw new Error(
        `seed ${seed} ends wrong:\n${problems.slice(0, 10).join('\n')}\n` +
          `repeat it: npm run simulate -- --runs 1 --seed ${seed} --verbose`,
      );
    }
  }, 300_000);

  it(`does so with random stream files in ${RANDOM_LIVES} more`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RANDOM_LIVES; seed += 1) {
      const { problems } = await live(seed, {}, 'random');
      if (problems.length === 0) continue;
      throw new Error(
        `seed ${seed} ends wrong:\n${problems.slice(0, 10).join('\n')}\n` +
          `repeat it: npm run simulate -- --runs 1 --seed ${seed} --random --verbose`,
      );
    }
  }, 300_000);

  it('lives the same life again from the same seed', async () => {
    expect(await live(4)).toEqual(await live(4));
  }, 60_000);
});

const SLOW_MS = 2_000;

/** A log that answers at once and has the records two seconds later, if nobody dies meanwhile. */
const acknowledgesTooEarly = ({ writer, clock }: TaskPorts): LogWriter => ({
  append: (topic, partition, records) => {
    clock
      .sleep(SLOW_MS)
      .then(() => writer.append(topic, partition, records))
      .catch(() => undefined);
    return Promise.resolve(0);
  },
});

/** A log that loses now and then what it has acknowledged. */
const losesAcknowledged = (writer: LogWriter): LogWriter => {
  let appends = 0;
  return {
    append: (topic, partition, records) => {
      appends += 1;
      return appends % 40 === 0 ? Promise.resolve(0) : writer.append(topic, partition, records);
    },
  };
};

/** A loader that takes what a commit that failed half-way has left behind. */
const loadsBeyondNext = (store: CheckpointStore): CheckpointStore => ({
  claim: (task, token) => store.claim(task, token),
  create: (task, token, checkpoint) => store.create(task, token, checkpoint),
  load: (task) => store.load(task, Infinity),
  loadFields: (task) => store.loadFields(task),
  readField: (task, field) => store.readField(task, field),
  countAttempt: (task, next) => store.countAttempt(task, next),
  commit: (task, commit) => store.commit(task, commit),
});

describe('a planted bug is caught', () => {
  const bugs: readonly (readonly [string, Circumstances])[] = [
    [
      'what is final counts as published before it is',
      { sabotage: { ports: (p) => ({ ...p, writer: acknowledgesTooEarly(p) }) } },
    ],
    ['acknowledged records are lost', { sabotage: { ports: (p) => ({ ...p, writer: losesAcknowledged(p.writer) }) } }],
    [
      'deltas beyond the position are loaded',
      {
        sabotage: { ports: (p) => ({ ...p, store: loadsBeyondNext(p.store) }) },
        faults: { ...NO_FAULTS, halfCommits: 0.7 },
      },
    ],
  ];

  it.each(bugs)(
    '%s',
    async (_bug, circumstances) => {
      for (let seed = FIRST_SEED; seed < FIRST_SEED + LIVES; seed += 1) {
        const { problems } = await live(seed, circumstances);
        if (problems.length > 0) return;
      }
      throw new Error(`${LIVES} lives went by without anybody noticing`);
    },
    300_000,
  );
});
