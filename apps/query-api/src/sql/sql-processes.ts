import { fork, type ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { memoryLimitText, timeLimitText, type SqlOutcome, type SqlQuestion } from '@tillstream/adapter-lake';
import { SQL_ARGUMENT, type ChildAnswer } from './sql-child';

/** DuckDB looks up from what it does within this, unless it builds something very large at a stretch. */
const GRACE_MS = 500;
const LOOK_EVERY_MS = 20;
/** What a process has of its own, and what may come in a moment beside what DuckDB counts. */
const OWN_BYTES = 192 * 1024 * 1024;
const UNCOUNTED_SHARE = 0.5;
const PAGE_BYTES = 4_096;

/**
 * Answers questions in processes of their own, as many at a time as there may be, kept for the next ones. A function that builds a
 * text of gigabytes can neither be interrupted nor does DuckDB count what it takes: then the process is killed, and nobody else
 * notices.
 */
export class SqlProcesses {
  private readonly idle: ChildProcess[] = [];
  private readonly all = new Set<ChildProcess>();

  constructor(
    /** A program that does `answerSqlQuestions` when it is given `SQL_ARGUMENT`. */
    private readonly program: string,
    private readonly atOnce: number,
  ) {}

  /**
   * @returns null: as many are being answered as may be
   * @throws Error when answering it has failed
   */
  async answer(question: SqlQuestion, signal: AbortSignal): Promise<SqlOutcome | null> {
    const alive = [...this.all].filter(({ killed }) => !killed);
    if (this.idle.length === 0 && alive.length >= this.atOnce) return null;
    const child = this.idle.pop() ?? this.start();
    const answer = await answerOf(child, question, signal);
    if (this.all.has(child) && !child.killed) this.idle.push(child);
    if (answer.kind === 'failed') throw new Error(answer.message);
    return answer;
  }

  close(): void {
    for (const child of this.all) child.kill('SIGKILL');
  }

  private start(): ChildProcess {
    // It needs nothing of what this process knows, keys least of all.
    const child = fork(this.program, [SQL_ARGUMENT], { serialization: 'advanced', env: {}, stdio: 'ignore' });
    this.all.add(child);
    const forget = (): void => {
      this.all.delete(child);
      const index = this.idle.indexOf(child);
      if (index >= 0) this.idle.splice(index, 1);
    };
    child.once('exit', forget);
    child.once('error', forget);
    return child;
  }
}

/** What the child says, or what its end says. It is killed when it takes too much, and when nobody waits any more. */
function answerOf(child: ChildProcess, question: SqlQuestion, signal: AbortSignal): Promise<ChildAnswer> {
  const { timeoutMs, memoryMiB } = question.limits;
  return new Promise((resolve) => {
    const end = (answer: ChildAnswer): void => {
      clearTimeout(timer);
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
      for (const [event, listener] of Object.entries(listeners)) child.off(event, listener);
      resolve(answer);
    };
    const kill = (answer: ChildAnswer): void => {
      child.kill('SIGKILL');
      end(answer);
    };
    const failed = (message: string): void => end({ kind: 'failed', message });
    const listeners = {
      message: end,
      exit: (code: number | null, by: string | null) =>
        failed(`the process that answers SQL has ended (${by ?? code})`),
      error: (error: Error) => failed(`the process that answers SQL cannot be started: ${error.message}`),
    };
    const onAbort = (): void => kill({ kind: 'failed', message: 'nobody waits for the answer any more' });
    const timer = setTimeout(
      () => kill({ kind: 'limit', what: 'time', message: timeLimitText(timeoutMs) }),
      timeoutMs + GRACE_MS,
    );
    const most = OWN_BYTES + memoryMiB * (1 + UNCOUNTED_SHARE) * 1024 * 1024;
    const watch = setInterval(() => {
      void residentBytes(child).then((bytes) => {
        if (bytes > most) kill({ kind: 'limit', what: 'memory', message: memoryLimitText(memoryMiB) });
      });
    }, LOOK_EVERY_MS);
    for (const [event, listener] of Object.entries(listeners)) child.on(event, listener);
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
    else child.send(question, (error) => error && kill({ kind: 'failed', message: error.message }));
  });
}

/** What a process has of the machine's memory; 0 where the system does not say it so: there its time is the limit. */
async function residentBytes({ pid }: ChildProcess): Promise<number> {
  const text = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  return Number(text.split(' ')[1] ?? 0) * PAGE_BYTES;
}
