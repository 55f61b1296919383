/** One thing a service needs before it can do its work. */
export interface ReadinessCheck {
  readonly name: string;
  /** Null when ready, else what is missing. A rejection is not ready, with its message. */
  readonly check: () => Promise<string | null> | string | null;
}

export interface ReadinessReport {
  readonly ready: boolean;
  /** By check: `ok`, or what is missing. */
  readonly checks: Readonly<Record<string, string>>;
}

/** A check that has not answered by then is not ready: who asks has a time-out of its own. */
const CHECK_TIMEOUT_MS = 2000;

/** Whether the service can work now. False from the moment it begins to stop, so that traffic goes elsewhere. */
export class Readiness {
  private stopping = false;

  constructor(
    private readonly checks: readonly ReadinessCheck[],
    private readonly timeoutMs = CHECK_TIMEOUT_MS,
  ) {}

  stop(): void {
    this.stopping = true;
  }

  get isStopping(): boolean {
    return this.stopping;
  }

  async report(): Promise<ReadinessReport> {
    if (this.stopping) return { ready: false, checks: { lifecycle: 'stopping' } };
    const answers = await Promise.all(this.checks.map(async (check) => [check.name, await this.ask(check)] as const));
    return {
      ready: answers.every(([, missing]) => missing === null),
      checks: Object.fromEntries(answers.map(([name, missing]) => [name, missing ?? 'ok'])),
    };
  }

  private async ask({ check }: ReadinessCheck): Promise<string | null> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`no answer within ${this.timeoutMs} ms`), this.timeoutMs);
    });
    try {
      return await Promise.race([check(), tooLate]);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      clearTimeout(timer);
    }
  }
}
