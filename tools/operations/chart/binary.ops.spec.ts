import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { objectsOf } from './chart-objects';
import { CHART, Helm } from './helm';
import { valueFiles } from './values';

jest.setTimeout(120_000);

const what = 'the chart with the helm on the PATH';
const helm = versionOfHelm() === null ? null : Helm.find(what);
const itIfThere = helm ? it : it.skip;

describe('the helm on the PATH', () => {
  afterAll(() => helm?.close());

  itIfThere('makes the same objects as Helm 4', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'chart-binary-'));
    try {
      for (const [index, { name, values }] of valueFiles().entries()) {
        const file = join(directory, `${index}.yaml`);
        writeFileSync(file, stringify(values));
        const args = [
          'template',
          'shop',
          CHART,
          '--namespace',
          'numbers',
          '--kube-version',
          '1.33.0',
          '--values',
          file,
        ];
        const text = execFileSync('helm', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
        const sorted = (objects: readonly unknown[]): string[] =>
          objects.map((object) => JSON.stringify(object)).sort();
        const expected = sorted(await helm!.objects(values));
        expect([name, sorted(objectsOf({ 'all.yaml': text }))]).toEqual([name, expected]);
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

/** Null where there is none, which is said. */
function versionOfHelm(): string | null {
  try {
    return execFileSync('helm', ['version', '--short'], { encoding: 'utf8' }).trim();
  } catch {
    process.stderr.write(`skipped: ${what}: there is none; Helm 4 as a library has made the same checks\n`);
    return null;
  }
}
