import { httpPort, parseEnvironment, streamVariables, type Environment } from '@tillstream/config';
import { FilesForTests } from '@tillstream/config/testing';
import { runConfigured, type ConfigurableProcess } from './run-configured';

const variables = { ...httpPort(8080), ...streamVariables };
const service = {
  ...{ service: 'some', about: 'does something', variables },
  load: (environment: Environment) => parseEnvironment(variables, environment),
};

/** What a process of the service prints, and its code. */
async function run(argument: string[], environment: Environment): Promise<{ out: string; err: string; code: number }> {
  const said = { out: '', err: '', code: -1 };
  const process: ConfigurableProcess = {
    argv: ['node', 'main.js', ...argument],
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
    on: () => undefined,
    exit: (code) => (said.code = code),
  };
  const start = (merged: Environment): Promise<never> => {
    service.load(merged);
    throw new Error('started');
  };
  await runConfigured(service, environment, start, process);
  return said;
}

describe('the command line of a service', () => {
  it('prints what it would run with, and ends well', async () => {
    const { out, err, code } = await run(['--print-config'], { STREAM_FILES: 'a.yaml' });
    expect([out.includes('STREAM_FILES: a.yaml'), err, code]).toEqual([true, '', 0]);
  });

  it('prints what is wrong too, with its place', async () => {
    const files = new FilesForTests();
    const file = files.put('all.yaml', 'STREAM_FILES: a.yaml\nHTTP_PORT: many\n');
    const { out, err, code } = await run(['--print-config'], { TILLSTREAM_CONFIG_FILE: file });
    expect(out).toContain('HTTP_PORT: many');
    expect([err, code]).toEqual([`${file}:2: HTTP_PORT must be a whole number from 0 to 65535, not "many"\n`, 1]);
    files.remove();
  });

  it('starts on the file', async () => {
    const files = new FilesForTests();
    const file = files.put('all.yaml', 'STREAM_FILES: a.yaml\n');
    expect((await run([], { TILLSTREAM_CONFIG_FILE: file })).err).toMatch(/start_failed: Error: started/);
    expect((await run([], {})).err).toBe('STREAM_FILES must be set\n');
    files.remove();
  });

  it('helps, and refuses what it does not know', async () => {
    expect((await run(['--help'], {})).out).toContain('STREAM_FILES (needed)');
    expect(await run(['--prnt-config'], {})).toEqual({
      ...{ out: '', code: 1, err: '--prnt-config is not known; there are --help and --print-config\n' },
    });
  });
});
