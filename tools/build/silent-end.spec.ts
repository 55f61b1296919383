import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const GUARD = join(__dirname, 'silent-end.mjs');

function run(program: string): { readonly code: number | null; readonly said: string } {
  const text = `import { refuseSilentEnd } from ${JSON.stringify(GUARD)};\nrefuseSilentEnd();\n${program}`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', text], { encoding: 'utf8' });
  return { code: status, said: stderr };
}

describe('a program that must say how it ended', () => {
  it('fails, and says so, when it ends while it waits', () => {
    const main = `async function main() { await new Promise(() => undefined); process.exitCode = 0; }\nvoid main();`;
    expect(run(main)).toEqual({ code: 1, said: expect.stringContaining('ended before it was done') as string });
  });

  it('ends as it says otherwise', () => {
    expect(run('process.exitCode = 0;')).toEqual({ code: 0, said: '' });
    expect(run('setImmediate(() => (process.exitCode = 3));')).toEqual({ code: 3, said: '' });
    expect(run('process.exit(0);')).toEqual({ code: 0, said: '' });
  });
});
