import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PositionFile } from './position-file';

const SOURCE = new URL('https://stream.example/v2/stream/recentchange');

describe('the file of a position', () => {
  const directory = mkdtempSync(join(tmpdir(), 'position-'));
  afterAll(() => rmSync(directory, { recursive: true }));

  it('keeps the last id through a restart, whatever it is, and leaves nothing else behind', async () => {
    const path = join(directory, 'a', 'position.json');
    const id = '[{"topic":"eqiad.mediawiki.recentchange","partition":0,"timestamp":1592991286000}]';
    expect(await new PositionFile(path, SOURCE).load()).toBeNull();
    await new PositionFile(path, SOURCE).save('7');
    await new PositionFile(path, SOURCE).save(id);
    expect(await new PositionFile(path, SOURCE).load()).toBe(id);
    expect(readdirSync(join(directory, 'a'))).toEqual(['position.json']);
  });

  it.each([
    ['', 'is not a position: name another file, or remove it'],
    ['{"source":7}', 'is not a position'],
    [
      '{"source":"https://other.example/","lastEventId":"7"}',
      'is about https://other.example/, not about https://stream.',
    ],
  ])('is not taken for what it is not: %s', async (text, problem) => {
    const path = join(directory, 'wrong.json');
    writeFileSync(path, text);
    await expect(new PositionFile(path, SOURCE).load()).rejects.toMatchObject({
      problems: [expect.stringContaining(problem)],
    });
  });
});
