import type { StreamDefinition } from '@tillstream/contracts';
import { closingInputMs } from '@tillstream/engine';
import type { CliClock } from '../cli-clock';
import { CliError } from '../cli-context';
import { type PublishAnswer, PublishInterruptedError } from '../gateway/gateway-client';
import type { ReplayBody } from './replay-bodies';

/** What a replay touches. */
export interface ReplayPorts {
  publish(body: Buffer): Promise<PublishAnswer>;
  /** Writes a control record into every raw partition. */
  decide(decision: { kind: 'hold' } | { kind: 'release' } | { kind: 'advance'; toMs: number }): Promise<void>;
  /** Refuses times that are behind what the stream has come to. @throws CliError */
  checkNotBehind(timeMs: number): Promise<void>;
  /** Every row up to the last of this body has been acknowledged. */
  acknowledged(body: ReplayBody, counts: ReplayCounts): void;
}

export interface ReplayPlan {
  readonly definition: StreamDefinition;
  /** Seconds of event time per second; Infinity: as fast as bodies are taken. */
  readonly speed: number;
  /** Close every window that holds a replayed event. */
  readonly finish: boolean;
  /** A body of this replay may be in the log already without our knowing. */
  readonly resumed: boolean;
  /** Newest time of what was sent before; null: nothing was. */
  readonly lastMs: number | null;
}

export interface ReplayCounts {
  readonly bodies: number;
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Newest event time sent. */
  readonly lastMs: number | null;
}

export interface ReplayOutcome extends ReplayCounts {
  /** Interrupted before the end. */
  readonly interrupted: boolean;
}

/**
 * Sends bodies one after the other, each when the one before has been acknowledged, so that the log has them in order;
 * at most as fast as the speed says. Between `hold` and `release` no window is closed because a partition is quiet.
 *
 * @throws CliError, and what the ports throw; `release` has been written then, or the error says that it has not
 */
export async function runReplay(
  bodies: AsyncIterable<ReplayBody>,
  plan: ReplayPlan,
  ports: ReplayPorts,
  clock: CliClock,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const iterator = bodies[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    const nothingToClose = !plan.finish || plan.lastMs === null;
    if (first.done === true && nothingToClose) return { ...NOTHING, lastMs: plan.lastMs, interrupted: false };
    const body = first.done === true ? null : first.value;
    // When a replay goes on, its next body may have arrived before the answer was lost: its own times are then there.
    if (body?.span) await ports.checkNotBehind(plan.resumed ? body.span.lastMs : body.span.firstMs);

    return await betweenHoldAndRelease(plan.definition, ports, async () => {
      const counts = await sendAll(body, iterator, plan, ports, clock, signal);
      if (!counts.interrupted && plan.finish && counts.lastMs !== null) {
        await ports.decide({ kind: 'advance', toMs: closingInputMs(plan.definition, counts.lastMs) });
      }
      return counts;
    });
  } finally {
    await iterator.return?.();
  }
}

const NOTHING: ReplayCounts = { bodies: 0, rows: 0, accepted: 0, rejected: {}, lastMs: null };

async function sendAll(
  first: ReplayBody | null,
  rest: AsyncIterator<ReplayBody>,
  plan: ReplayPlan,
  ports: ReplayPorts,
  clock: CliClock,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const startedMs = clock.monotonicMs();
  const originMs = first?.span?.firstMs ?? 0;
  let counts: ReplayCounts = { ...NOTHING, lastMs: plan.lastMs };
  let body = first;
  while (body !== null) {
    const dueMs = body.span === null ? 0 : (body.span.lastMs - originMs) / plan.speed;
    const waitMs = dueMs - (clock.monotonicMs() - startedMs);
    if (waitMs > 0) await clock.sleep(waitMs, signal);
    if (signal.aborted) return { ...counts, interrupted: true };
    try {
      const answer = await ports.publish(Buffer.from(body.rows.map(({ text }) => text).join('\n'), 'utf8'));
      counts = counted(counts, body, answer);
    } catch (error) {
      if (error instanceof PublishInterruptedError) return { ...counts, interrupted: true };
      throw error;
    }
    ports.acknowledged(body, counts);
    const next: IteratorResult<ReplayBody> = await rest.next();
    body = next.done === true ? null : next.value;
  }
  return { ...counts, interrupted: false };
}

function counted(counts: ReplayCounts, body: ReplayBody, answer: PublishAnswer): ReplayCounts {
  const rejected: Record<string, number> = { ...counts.rejected };
  for (const { code } of answer.rejected) rejected[code] = (rejected[code] ?? 0) + 1;
  return {
    bodies: counts.bodies + 1,
    rows: counts.rows + body.rows.length,
    accepted: counts.accepted + answer.accepted,
    rejected,
    lastMs: body.span === null ? counts.lastMs : Math.max(counts.lastMs ?? -Infinity, body.span.lastMs),
  };
}

/** Whatever happens to the work, a partition must not stay held. */
async function betweenHoldAndRelease<T>(
  { schema }: StreamDefinition,
  ports: ReplayPorts,
  work: () => Promise<T>,
): Promise<T> {
  const [outcome] = await Promise.allSettled([ports.decide({ kind: 'hold' }).then(work)]);
  try {
    await ports.decide({ kind: 'release' });
  } catch (error) {
    const why = outcome.status === 'rejected' ? `${(outcome.reason as Error).message}; and ` : '';
    throw new CliError(
      `${why}the stream could not be released: ${(error as Error).message}`,
      `Quiet partitions hold back its windows until you run: till release ${schema.stream}`,
    );
  }
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
