import type { StreamDefinition } from '@tillstream/contracts';
import { formatProblems, parseStreamFile } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { plainCommerce } from '../oracle/commerce-definition';
import type { PlainDefinition } from '../oracle/raw-oracle';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';
import { changedCommerce, withChange } from './changed-commerce';
import { randomDerived } from './random-derived';
import { randomMetrics } from './random-metrics';
import type { RandomVisits } from './random-visits';
import { randomVisits } from './random-visits';
import type { Circumstances, SimulationReport } from './run';
import { simulate } from './run';

const FILE = 'commerce.yaml';
/** Lives take turns with these partition counts. */
const PARTITION_COUNTS = [1, 2, 3, 4];
/** Provisional results are most of what a platform writes: the more seldom they are, the more lives there are. */
const PACES_MS = [250, 2_000, 10_000];
/** What the dedupe horizon reaches back: few lives are long enough for the shipped one to end. */
const HORIZONS = [
  { within: '10m', maxRows: 1_048_576 },
  { within: '1m', maxRows: 1_048_576 },
  { within: '10m', maxRows: 25 },
] as const;
const MINUTE_MS = 60_000;
/** One life in so many is of a stream whose events have no id. */
const WITHOUT_ID_EVERY = 5;
/** In one life in so many another stream file is put live while events come. */
const CHANGE_EVERY = 4;

/** One life in so many is of a stream file that nobody has written: random metrics over the shop's events. */
const RANDOM_EVERY = 5;

/** One life in so many looks at visits. */
const VISITS_EVERY = 2;
const VISITS_SEED = 7_000_000;
const DERIVED_SEED = 8_000_000;

/** How the stream of a life differs from the shipped one with three metrics. */
export interface Variant {
  readonly partitions: number;
  readonly withId?: boolean;
  /** Least time between provisional results. */
  readonly paceMs?: number;
  readonly horizon?: (typeof HORIZONS)[number];
  /** In place of the three. */
  readonly metrics?: string;
  /** Behind the metrics: more of these, and other sections. */
  readonly visits?: string;
}

/** Which metrics a life has. `mixed`: as its seed decides. */
export type LifeMetrics = 'mixed' | 'random';

const definitions = new Map<string, StreamDefinition>();

/**
 * The life that a seed stands for: the shipped shop stream or one with random metrics, on one to four partitions, now and then
 * without ids.
 */
export function live(
  seed: number,
  circumstances: Circumstances = {},
  metrics: LifeMetrics = 'mixed',
): Promise<SimulationReport> {
  const partitions = PARTITION_COUNTS[seed % PARTITION_COUNTS.length] ?? 1;
  const withId = seed % WITHOUT_ID_EVERY !== 0;
  const paceMs = PACES_MS[seed % PACES_MS.length] ?? 250;
  // It is said where the id is; without one, only whole writes that are repeated are dropped, by the usual horizon.
  const horizon = (withId ? HORIZONS[Math.floor(seed / PACES_MS.length) % HORIZONS.length] : null) ?? HORIZONS[0];
  const dedupe = { withinMs: Number.parseInt(horizon.within, 10) * MINUTE_MS, maxRows: horizon.maxRows };
  const ofVisits = new SeededRandom(VISITS_SEED + seed);
  const visits = seed % VISITS_EVERY === 0 ? randomVisits(ofVisits) : null;
  const isRandom = metrics === 'random' || seed % RANDOM_EVERY === RANDOM_EVERY - 1;
  const isChanged = !isRandom && Math.floor(seed / PARTITION_COUNTS.length) % CHANGE_EVERY === 0;
  const after = visits && isChanged ? changedVisits(ofVisits, visits) : null;
  // Metrics over what stays go on where another file is put live.
  const isKept = !isChanged || after === visits;
  const over = visits && isKept ? randomDerived(new SeededRandom(DERIVED_SEED + seed), visits, paceMs) : null;
  const behind = `${over?.yaml ?? ''}${visits?.yaml ?? ''}`;
  const plain = {
    ...{ ...plainCommerce, partitions, dedupe, ...(withId ? {} : { id: null }) },
    ...{ ...plainVisits(visits), ...(over && { overVisits: over.plain }) },
  };
  if (isRandom) {
    const made = randomMetrics(new SeededRandom(seed), paceMs);
    const random = commerceWith({ partitions, withId, horizon, metrics: made.yaml + behind });
    const fields = { ...plain.fields, ...made.fields };
    return simulate(seed, random, { ...plain, fields, metrics: made.plain }, circumstances);
  }
  const definition = commerceWith({ partitions, withId, paceMs, horizon, visits: behind });
  if (!isChanged) return simulate(seed, definition, plain, circumstances);
  const behindChange = after && { ...after, yaml: isKept ? behind : after.yaml };
  const change = changedCommerce(definition, behindChange ?? undefined);
  return simulate(seed, definition, withChange(plain), { ...circumstances, change });
}

/** The shipped shop stream with its first three metrics, varied. */
export function commerceWith(variant: Variant): StreamDefinition {
  const { partitions, withId = true, paceMs, horizon = HORIZONS[0], metrics, visits } = variant;
  const name = JSON.stringify([partitions, withId, paceMs, horizon, visits]);
  const known = metrics === undefined ? definitions.get(name) : undefined;
  if (known) return known;
  const text = withThreeMetrics(commerceText())
    .replace(/^partitions: \d+/m, `partitions: ${partitions}`)
    .replace(/within: \w+, maxRows: \d+/, `within: ${horizon.within}, maxRows: ${horizon.maxRows}`)
    .replace(/^id: .*/m, (line) => (withId ? line : `# ${line}`))
    .replace(/^ {4}window:/gm, (line) => (paceMs === undefined ? line : `    emit: { every: ${paceMs}ms }\n${line}`))
    .replace(/^metrics:[^]*/m, (shipped) => `${metrics ?? shipped}\n${visits ?? ''}`);
  const parsed = parseStreamFile(text, { file: FILE });
  if (!parsed.ok) throw new Error(formatProblems(FILE, parsed.problems));
  if (metrics === undefined) definitions.set(name, parsed.definition);
  return parsed.definition;
}

function plainVisits(visits: RandomVisits | null): Pick<PlainDefinition, 'sessions' | 'attribution'> {
  const { sessions, attribution } = visits ?? {};
  return { ...(sessions && { sessions }), ...(attribution && { attribution }) };
}

/** Another declaration, or the same of one of the two. */
function changedVisits(random: SeededRandom, before: RandomVisits): RandomVisits {
  const other = randomVisits(random);
  const kept = random.pick(['sessions', 'attribution', 'both', 'none', 'none'] as const);
  if (kept === 'both') return before;
  const sectionOf = ({ yaml }: RandomVisits, name: string): string =>
    new RegExp(`^${name}:\\n(?: .*\\n)*`, 'm').exec(yaml)?.[0] ?? '';
  const [sessions, attribution] = [kept === 'sessions' ? before : other, kept === 'attribution' ? before : other];
  return {
    yaml: sectionOf(sessions, 'sessions') + sectionOf(attribution, 'attribution'),
    sessions: sessions.sessions,
    attribution: attribution.attribution,
  };
}
