import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leaveBehind } from '../../handover/leave-behind';
import { readLegacy, writeLegacy } from '../../handover/legacy';
import { takeOver } from '../../handover/takeover';
import type { PreviousVersion } from './previous-version';
import { previousVersion } from './previous-version';

const TOOL = 'tools/handover';
const SEEDS = [1, 2];

const previous = previousVersion();
if (previous === null) process.stderr.write('the version before is not in this clone: takeovers are not tested\n');

(previous === null ? describe.skip : describe)(
  'a platform that goes on where one of another version was killed',
  () => {
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-handover-'));

    // The version before may be from before the tool, which asks for nothing that was not there then.
    beforeAll(() => {
      const tool = join(previous?.root ?? '', TOOL);
      if (!existsSync(tool)) cpSync(TOOL, tool, { recursive: true });
    });

    afterAll(() => rmSync(directory, { recursive: true }));

    it.each(SEEDS)('says what the raw log says, the version before after this one (seed %i)', async (seed) => {
      const file = join(directory, `now-${seed}.json.gz`);
      writeLegacy(file, await leaveBehind(seed));
      expect(said(previous, '--take-over', file, '--seed', String(seed))).toContain(' 0 differences');
    });

    it.each(SEEDS)('says what the raw log says, this one after the version before (seed %i)', async (seed) => {
      const file = join(directory, `before-${seed}.json.gz`);
      said(previous, '--write', file, '--seed', String(seed));
      expect((await takeOver(readLegacy(file), seed)).problems).toEqual([]);
    });
  },
);

/** What the tool of a version says. @throws when it fails, with what it said */
function said(version: PreviousVersion | null, ...args: readonly string[]): string {
  return execFileSync(process.execPath, ['tools/build/run-program.mjs', TOOL, ...args], {
    cwd: version?.root,
    encoding: 'utf8',
    // File names are not meant from where somebody else has typed them.
    env: { ...process.env, TILLSTREAM_CALLED_FROM: '.' },
  });
}
