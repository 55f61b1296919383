import { runCli } from './run-cli';
import { recordingContext } from './testing/recording-context';

describe('the command line', () => {
  it('lists its commands on --help and ends with 0', async () => {
    const context = recordingContext();
    expect(await runCli(['--help'], context)).toBe(0);
    expect(context.output()).toContain('Usage: till');
  });

  it.each(['rees46', 'retail', 'wikimedia'])('takes the options of replay %s for its own', async (source) => {
    const context = recordingContext();
    const files = ['--stream-files', 'deploy/streams/nowhere.yaml'];
    expect(await runCli(['replay', source, 'package.json', ...files], context)).toBe(1);
    expect(context.notes()).toContain('cannot read the stream file deploy/streams/nowhere.yaml');
  });

  it('ends with 2 on wrong usage, with nothing on standard output', async () => {
    const context = recordingContext();
    expect(await runCli(['dance'], context)).toBe(2);
    expect(context.notes()).toContain('dance');
    expect(context.output()).toBe('');
  });
});
