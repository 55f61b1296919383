import { join } from 'node:path';
import type { Fault, Stage } from '../fault';
import { copyAppendOnlyFile, cutTail, restoreAppendOnlyFile } from './append-only-file';

/** Faults on the store wait for each other under this name. */
const STORE = 'store';
const SLOW_COMMAND_MS = 2_000;

/** Redis dies and comes back with all that it has answered. */
const killed: Fault = {
  name: 'store-killed',
  strike: (stage, random) => {
    const downMs = 100 + random.below(3_000);
    return stage.alone(STORE, async () => {
      await whileDead(stage, () => stage.sleep(downMs));
      return `Redis was killed and was away for ${downMs} ms`;
    });
  },
};

/** The machine loses its power: what was written last has never reached the disk. */
const tailCut: Fault = {
  name: 'store-tail-cut',
  strike: (stage, random) => {
    // Most losses are of the last second; now and then a disk has promised much more than it did.
    const mostBytes = random.chance(0.8) ? 64 * 1024 : Infinity;
    const share = random.next();
    return stage.alone(STORE, async () => {
      let cut = 0;
      await whileDead(stage, () => {
        cut = cutTail(stage.store.dataDir, (size) => Math.floor(share * Math.min(size, mostBytes)));
      });
      return `Redis was killed and lost the last ${cut} bytes of its append-only file`;
    });
  },
};

/** Somebody restores a backup, or a replica that had lagged behind takes over. */
const rolledBack: Fault = {
  name: 'store-rolled-back',
  strike: (stage, random) => {
    const ageMs = 500 + random.below(6_000);
    return stage.alone(STORE, async () => {
      const copy = join(stage.store.dataDir, 'older');
      copyAppendOnlyFile(stage.store.dataDir, copy);
      await stage.sleep(ageMs);
      await whileDead(stage, () => restoreAppendOnlyFile(stage.store.dataDir, copy));
      return `Redis went back to what it had held ${ageMs} ms before`;
    });
  },
};

const emptied: Fault = {
  name: 'store-emptied',
  strike: (stage) =>
    stage.alone(STORE, async () => {
      await stage.store.command('FLUSHALL');
      return 'Redis was emptied';
    }),
};

const scriptsForgotten: Fault = {
  name: 'store-scripts-forgotten',
  strike: (stage) =>
    stage.alone(STORE, async () => {
      await stage.store.command('SCRIPT', 'FLUSH');
      return 'Redis forgot its scripts';
    }),
};

/** Nothing may be evicted, so a full Redis refuses every write until somebody gives it room. */
const full: Fault = {
  name: 'store-full',
  strike: (stage, random) => {
    const fullMs = 1_000 + random.below(6_000);
    return stage.alone(STORE, async () => {
      await stage.store.command('CONFIG', 'SET', 'maxmemory', 1);
      try {
        await stage.sleep(fullMs);
      } finally {
        await stage.store.command('CONFIG', 'SET', 'maxmemory', 0);
      }
      return `Redis had no room for ${fullMs} ms`;
    });
  },
};

const slow: Fault = {
  name: 'store-slow',
  strike: (stage, random) => {
    const slowMs = 3_000 + random.below(7_000);
    return stage.alone(STORE, async () => {
      stage.store.delayCommands(SLOW_COMMAND_MS);
      try {
        await stage.sleep(slowMs);
      } finally {
        stage.store.delayCommands(0);
      }
      return `Redis took ${SLOW_COMMAND_MS} ms for every command, for ${slowMs} ms`;
    });
  },
};

/** Longer than a command may take: it is given up, and may be carried out all the same. */
const frozen: Fault = {
  name: 'store-frozen',
  strike: (stage, random) => {
    const frozenMs = 500 + random.below(8_000);
    return stage.alone(STORE, async () => {
      await stage.store.pause();
      try {
        await stage.sleep(frozenMs);
      } finally {
        await stage.store.resume();
      }
      return `Redis did not answer for ${frozenMs} ms`;
    });
  },
};

const connectionsCut: Fault = {
  name: 'store-connections-cut',
  strike: (stage) =>
    stage.alone(STORE, async () => {
      const ended = await stage.store.command('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      return `Redis cut ${String(ended)} connections`;
    }),
};

export const storeFaults: readonly Fault[] = [
  killed,
  tailCut,
  rolledBack,
  emptied,
  scriptsForgotten,
  full,
  slow,
  frozen,
  connectionsCut,
];

/** Kills Redis, does something to what it left, and starts it again, whatever happens meanwhile. */
async function whileDead({ store }: Stage, work: () => Promise<void> | void): Promise<void> {
  await store.kill();
  try {
    await work();
  } finally {
    await store.start();
  }
}
