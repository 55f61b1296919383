import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureInstalled } from './install.mjs';

let root: string;
const said: string[] = [];
const say = (line: string) => said.push(line);
const npmBefore = process.env['npm_execpath'];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tillstream-install-'));
  said.length = 0;
  mkdirSync(join(root, 'node_modules'));
  write('package-lock.json', {
    packages: {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/for-other-systems': { version: '1.0.0', optional: true },
    },
  });
  // Stands for npm: notes its arguments, then fails or not.
  writeFileSync(join(root, 'npm.js'), `require('fs').appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n')`);
  process.env['npm_execpath'] = join(root, 'npm.js');
});

afterEach(() => {
  if (npmBefore === undefined) delete process.env['npm_execpath'];
  else process.env['npm_execpath'] = npmBefore;
  rmSync(root, { recursive: true, force: true });
});

const write = (file: string, content: object) => writeFileSync(join(root, file), JSON.stringify(content));
const calls = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];

describe('ensureInstalled', () => {
  it('installs once, and again only when the lock file has changed', async () => {
    await ensureInstalled(root, say);
    await ensureInstalled(root, say);
    expect(calls()).toEqual([expect.stringMatching(/^ci /)]);
    expect(said).toEqual(['Installing packages (npm ci) …']);

    write('package-lock.json', { packages: { 'node_modules/a': { version: '2.0.0' } } });
    await ensureInstalled(root, say);
    expect(calls()).toHaveLength(2);
  });

  it('leaves alone what somebody has installed by hand', async () => {
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': { version: '1.0.0' } } });
    await ensureInstalled(root, say);
    expect(calls()).toEqual([]);
  });

  it('installs over what was installed by hand from another lock file', async () => {
    write('node_modules/.package-lock.json', { packages: { 'node_modules/a': { version: '0.9.0' } } });
    await ensureInstalled(root, say);
    expect(calls()).toHaveLength(1);
  });

  it('says what is wrong when npm fails, and tries again the next time', async () => {
    writeFileSync(join(root, 'npm.js'), 'process.exit(1)');
    await expect(ensureInstalled(root, say)).rejects.toThrow('npm ci failed. Is the package registry within reach?');
    await expect(ensureInstalled(root, say)).rejects.toThrow('npm ci failed');
  });

  it('is not held up by the lock of a process that was killed', async () => {
    mkdirSync(join(root, '.cache', 'install.lock'), { recursive: true });
    writeFileSync(join(root, '.cache', 'install.lock', 'pid'), '999999999');
    await ensureInstalled(root, say);
    expect(said).toEqual([
      'Another process is installing packages; waiting for it …',
      'Installing packages (npm ci) …',
    ]);
  });
});
