import { hashOfKey } from '@tillstream/config';
import { parseKeyFile } from '@tillstream/doors';
import { runCli } from '../run-cli';
import { recordingContext } from '../testing/recording-context';

async function till(
  ...args: string[]
): Promise<{ readonly code: number; readonly lines: string[]; readonly notes: string }> {
  const context = recordingContext();
  const code = await runCli(['keys', 'new', ...args], context);
  return { code, lines: context.output().trim().split('\n'), notes: context.notes() };
}

const read = (entry: string | undefined, use: 'write' | 'read'): unknown => {
  const file = parseKeyFile(`keys:\n${entry}\n`, { file: 'keys.yaml', use, streams: ['shop', 'wiki'] });
  return file.ok ? file.entries[0] : file.problems;
};

describe('till keys new', () => {
  it('prints a key nobody can guess, and an entry of its hash that a file of keys takes', async () => {
    const { code, lines } = await till('--name', 'shop', '--streams', 'shop,wiki', '--events-per-second', '2000');
    const [key = '', entry] = lines.map((line) => line.trimEnd());
    expect([code, key]).toEqual([0, expect.stringMatching(/^till_[A-Za-z0-9_-]{43}$/)]);
    expect(read(`  ${entry!.trim()}`, 'write')).toMatchObject({
      ...{ name: 'shop', sha256: hashOfKey(key), streams: ['shop', 'wiki'], eventsPerSecond: 2000, expiresMs: null },
    });
    expect(entry).not.toContain(key);
    expect((await till('--name', 'shop')).lines[0]).not.toBe(key);
  });

  it('says until when it holds, and what it may ask', async () => {
    const { lines } = await till(
      '--name',
      'bi',
      '--sql',
      '--requests-per-second',
      '5',
      '--expires',
      '2027-01-01T01:00:00+01:00',
    );
    expect(read(`  ${lines[1]!.trim()}`, 'read')).toMatchObject({
      ...{ sql: true, requestsPerSecond: 5, expiresMs: Date.UTC(2027, 0, 1) },
    });
    const inDays = await till('--name', 'bi', '--expires', '90d');
    const { expiresMs } = read(`  ${inDays.lines[1]!.trim()}`, 'read') as { readonly expiresMs: number };
    expect(Math.abs(expiresMs - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000);
  });

  it.each([
    [[], 2, /--name/],
    [['--name', 'a: b'], 2, /a name consists of letters/],
    [['--name', 'a', '--streams', 'x,]'], 2, /a name consists of letters/],
    [['--name', 'a', '--expires', 'soon'], 2, /2027-01-01T00:00:00Z, or 90d/],
    [['--name', 'a', '--sql', '--events-per-second', '1'], 1, /--sql is for read keys/],
  ])('refuses %j', async (args, exitCode, problem) => {
    const { code, lines, notes } = await till(...args);
    expect([code, lines]).toEqual([exitCode, ['']]);
    expect(notes).toMatch(problem);
  });
});
