import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceProcess } from '../../e2e/platform';

const LOOK_EVERY_MS = 200;
const ANSWER_WITHIN_MS = 2_000;

/** Sends callers to the replicas of a service that say they are ready, in turn: what a Service of Kubernetes does. */
export class ReadyReplicas {
  private ready: readonly ServiceProcess[];
  private turn = 0;
  private readonly stopping = new AbortController();
  private readonly looking: Promise<void>;

  constructor(private readonly replicas: readonly ServiceProcess[]) {
    this.ready = replicas;
    this.looking = this.look();
  }

  /** Whose turn it is; of those that run when none is ready. */
  next(): ServiceProcess {
    const among = this.ready.length > 0 ? this.ready : this.replicas;
    this.turn += 1;
    const chosen = among[this.turn % among.length];
    if (!chosen) throw new Error('there is no replica at all');
    return chosen;
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.looking;
  }

  private async look(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const answers = await Promise.all(this.replicas.map(isReady));
      this.ready = this.replicas.filter((_, at) => answers[at]);
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether a replica says that it can work. */
async function isReady({ http }: ServiceProcess): Promise<boolean> {
  const inTime = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const answer = await fetch(`http://127.0.0.1:${http}/readyz`, { signal: inTime }).catch(() => null);
  return answer?.ok === true;
}
