import type { LogRecord } from '@tillstream/engine';
import { isEnriched } from '../../e2e/platform';
import { plainCommerce } from '../../oracle/commerce-definition';
import { expectedOutcome } from '../../oracle/raw-oracle';
import type { ExpectedOutcome } from '../../oracle/raw-oracle';
import { differences } from '../../simulate/verdict';
import type { ChaosStage } from '../stage/chaos-stage';
import { lagging } from './lag';
import { wrongAnswers } from './query-answers';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 3_000;

/** Everything that the line has written, by topic and partition. */
export type Written = ReadonlyMap<string, readonly (readonly LogRecord[])[]>;

/** What the platform came to once it had rested, and everything in it that is wrong. */
export interface Outcome {
  readonly problems: readonly string[];
  readonly written: Written;
  readonly expected: ExpectedOutcome;
}

/** Compares until everything is right, or until it has had `withinMs` to become so. */
export async function settledOutcome(stage: ChaosStage, withinMs: number): Promise<Outcome> {
  const giveUpMs = performance.now() + withinMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs)) {
    const isLast = performance.now() > giveUpMs;
    // Reading everything is dear: not before there is hope.
    if (isLast || (await isEnriched(stage.platform))) {
      const outcome = await compare(stage);
      if (isLast || outcome.problems.length === 0) return outcome;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function compare(stage: ChaosStage): Promise<Outcome> {
  const { definition, platform, broker, services } = stage;
  const { raw, enriched, deadLetters, metrics, late } = definition.topics;
  const written = new Map<string, LogRecord[][]>();
  for (const topic of [raw, enriched, deadLetters, metrics, late]) written.set(topic, await platform.readTopic(topic));
  const of = (topic: string): LogRecord[][] => written.get(topic) ?? [];
  const expected = expectedOutcome(
    plainCommerce,
    of(raw).map((records) =>
      records.map(({ offset, timestampMs, value, headers }) => ({ offset, appendMs: timestampMs, value, headers })),
    ),
  );
  const problems = [...differences(definition, plainCommerce, of), ...(await lagging(broker.address, definition))];
  for (const { name, grpc } of services.of('query-api')) {
    if (grpc !== null) problems.push(...(await wrongAnswers(name, grpc, definition, expected)));
  }
  return { problems, written, expected };
}
