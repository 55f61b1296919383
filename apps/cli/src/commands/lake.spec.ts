import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SINK_STREAM, aSink, aSinkEnvironment, eventLog, sinkStream } from '@tillstream/engine/testing';
import { runCli } from '../run-cli';
import { recordingContext } from '../testing/recording-context';

const keep = (): Promise<void> => Promise.reject(new Error('nothing is refused'));

describe('till lake and till erase', () => {
  const directory = mkdtempSync(join(tmpdir(), 'till-lake-'));
  const [where, streamFile] = [join(directory, 'lake'), join(directory, 'sunk.yaml')];

  beforeAll(async () => {
    writeFileSync(streamFile, SINK_STREAM);
    const definition = sinkStream();
    const { lakeSinkType } = await import('@tillstream/adapter-lake');
    const opened = lakeSinkType.open(aSink({ type: 'lake', where }), definition, aSinkEnvironment());
    if (!opened.ok) throw new Error('such a lake can be');
    await opened.sink.prepare();
    const log = eventLog(definition, 0, 40);
    const partition = await opened.sink.open('events', 0, log.tables);
    for (let from = 0; from < 40; from += 10) {
      await partition.add(log.portion(from, from + 10));
      await partition.flush(keep);
    }
    await opened.sink.close();
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function till(...args: string[]) {
    const context = recordingContext();
    const code = await runCli([...args, '--stream', 'sunk', '--stream-files', streamFile, '--lake', where], context);
    return { code, output: context.output(), notes: context.notes() };
  }

  const status = async () => {
    const { output } = await till('lake', 'status', '--json');
    return JSON.parse(output.split('\n')[0] ?? '') as { readonly rows: number; readonly files: number };
  };

  it('says what the lake holds', async () => {
    const { code, output } = await till('lake', 'status');
    expect(code).toBe(0);
    expect(output).toMatch(/^events +3 +\d+ .* 2026-01-05 to 2026-01-06 +0:40$/mu);
    expect(output).toMatch(/^finals +– /mu);
  });

  it('puts files together, and has nothing to do after that', async () => {
    const { rows, files } = await status();
    expect((await till('lake', 'compact')).output).toMatch(/events: \d+ files became \d/u);
    expect(await status()).toMatchObject({ rows });
    expect((await status()).files).toBeLessThan(files);
    expect((await till('lake', 'compact')).output).toContain('events: nothing to do');
    expect((await till('lake', 'vacuum')).output).toContain('events: removed 0 files of 0 B');
  });

  it('erases a key when it is told to, once', async () => {
    const { rows } = await status();
    const key = 'user 3 "ö';
    const asked = await till('erase', key);
    expect(asked).toMatchObject({ code: 1, notes: expect.stringContaining('Add --yes') });
    const held = Number(/holds (\d+) rows of events/u.exec(asked.notes)?.[1]);
    expect(held).toBeGreaterThan(0);
    expect(await status()).toMatchObject({ rows });
    const erased = await till('erase', key, '--yes');
    expect(erased).toMatchObject({ code: 0, output: expect.stringContaining(`events: erased ${held} rows`) });
    expect(await status()).toMatchObject({ rows: rows - held });
    expect(await till('erase', key, '--yes')).toMatchObject({
      code: 0,
      output: expect.stringContaining('holds no rows of'),
    });
  });
});
