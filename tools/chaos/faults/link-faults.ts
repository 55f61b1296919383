import type { SeededRandom } from '@tillstream/engine/testing';
import { SeededRandom as Random } from '@tillstream/engine/testing';
import type { Fault, Link } from '../fault';

/** What is done to a link, and how that reads. */
interface Harm {
  readonly kind: string;
  readonly choose: (random: SeededRandom) => {
    readonly apply: (link: Link) => void;
    readonly ms: number;
    readonly text: string;
  };
}

const HARMS: readonly Harm[] = [
  {
    kind: 'slow',
    choose: (random) => {
      const byMs = random.pick([50, 300, 2_000]);
      const ms = 3_000 + random.below(5_000);
      return { apply: (link) => link.delay(byMs), ms, text: `${byMs} ms late for ${ms} ms` };
    },
  },
  {
    kind: 'cut',
    choose: (random) => {
      const ms = random.pick([0, random.below(1_000), random.below(6_000)]);
      return { apply: (link) => link.cut(), ms, text: `cut for ${ms} ms` };
    },
  },
  {
    kind: 'stalled',
    choose: (random) => {
      const ms = 1_000 + random.below(7_000);
      return { apply: (link) => link.stall(), ms, text: `stalled for ${ms} ms` };
    },
  },
  {
    kind: 'answers-lost',
    choose: (random) => {
      const share = random.pick([0.05, 0.3, 1]);
      const ms = 1_000 + random.below(4_000);
      const fates = new Random(random.below(2 ** 31));
      return {
        apply: (link) => link.swallowAnswers(share, fates),
        ms,
        text: `${Math.round(share * 100)} % of its answers lost for ${ms} ms`,
      };
    },
  },
  {
    kind: 'narrow',
    choose: (random) => {
      const bytesPerSecond = random.pick([4_000, 20_000, 100_000]);
      const ms = 2_000 + random.below(5_000);
      return { apply: (link) => link.throttle(bytesPerSecond), ms, text: `${bytesPerSecond} bytes/s for ${ms} ms` };
    },
  },
];

const SERVERS: readonly Link['to'][] = ['broker', 'store', 'gateway'];

/** One link, or now and then all links to a server, treated badly. */
export const linkFaults: readonly Fault[] = SERVERS.flatMap((server) =>
  HARMS.map(({ kind, choose }): Fault => ({
    name: `${server}-link-${kind}`,
    weight: kind === 'answers-lost' ? 1 : 0.5,
    strike: async (stage, random) => {
      const candidates = stage.links.filter(({ to, from }) => to === server && !isIdle(stage.services.slots, from));
      const links = random.chance(0.2) ? candidates : [random.pick(candidates)];
      const { apply, ms, text } = choose(random);
      const [first] = links;
      const name = links.length > 1 ? `all links to ${server}` : (first?.name ?? 'no link');
      return stage.alone(`links to ${server}`, async () => {
        for (const link of links) apply(link);
        await stage.sleep(ms);
        for (const link of links) link.mend();
        return `${name} ${text}`;
      });
    },
  })),
);

/** A place that is kept for a replica which nobody has added. */
function isIdle(slots: readonly { readonly name: string }[], from: string): boolean {
  return /-\d$/.test(from) && !slots.some(({ name }) => name === from);
}
