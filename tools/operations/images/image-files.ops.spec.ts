import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { providePython } from '@tillstream/local';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { COMPOSE_FILE, readComposeFile } from './compose-file';

const DOCKERFILE = 'deploy/docker/Dockerfile';
const REQUIREMENTS = join(__dirname, 'python-packages.txt');
/** Has the schema of compose files that Docker itself checks them by. */
const COMPOSE_MODULE = 'github.com/compose-spec/compose-go/v2@v2.16.2';
const STREAM_FILE = 'deploy/streams/commerce.yaml';

/** What cannot be had is said and left out; `undefined` then. */
function attempt<T>(what: string, get: () => T): T | undefined {
  try {
    return get();
  } catch (error) {
    process.stderr.write(`skipped: ${what}: ${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

describe('the Dockerfile', () => {
  const python = attempt('looking for mistakes in the Dockerfile', () => providePython(REQUIREMENTS));
  const lint = (text: string): string => {
    if (python === undefined) return '';
    // DL3006 asks for a tag: ours stand in the arguments above. DL3059 wants RUNs joined that are apart for the cache.
    const args = ['--no-color', '--ignore', 'DL3006', '--ignore', 'DL3059', '-'];
    const { stdout, status, error } = spawnSync(join(dirname(python), 'hadolint'), args, {
      input: text,
      encoding: 'utf8',
    });
    if (error || status === null) throw error ?? new Error('hadolint was ended');
    return stdout;
  };

  it('has no mistakes that hadolint knows', () => {
    if (python === undefined) return;
    expect(lint(readFileSync(DOCKERFILE, 'utf8'))).toBe('');
  });

  it('would be told of one', () => {
    if (python === undefined) return;
    expect(lint(`${readFileSync(DOCKERFILE, 'utf8')}USER root\nRUN cd /tmp && sudo ls\n`)).toContain('DL3004');
  });
});

describe('the compose file', () => {
  const schema = attempt('checking the compose file by its schema', () => {
    const { stdout, error } = spawnSync('go', ['mod', 'download', '-json', COMPOSE_MODULE], { encoding: 'utf8' });
    if (error) throw error;
    const { Dir, Error: problem } = JSON.parse(stdout) as { readonly Dir?: string; readonly Error?: string };
    if (Dir === undefined) throw new Error(problem);
    return JSON.parse(readFileSync(join(Dir, 'schema/compose-spec.json'), 'utf8')) as object;
  });
  const problemsOf = (text: string): string[] => {
    if (schema === undefined) return [];
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats(ajv);
    const validate = ajv.compile(schema);
    validate(parse(text, { merge: true }));
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message ?? ''}`);
  };

  it('is what the schema of compose files says', () => {
    if (schema === undefined) return;
    expect(problemsOf(readFileSync(COMPOSE_FILE, 'utf8'))).toEqual([]);
  });

  it('would be told what is not', () => {
    if (schema === undefined) return;
    const wrong = readFileSync(COMPOSE_FILE, 'utf8').replace('read_only: true', 'read_olny: true');
    expect(problemsOf(wrong)).toContain('/services/gateway must NOT have unevaluated properties');
  });

  const { services } = readComposeFile();
  const workers = Object.entries(services).filter(([, { build }]) => build !== undefined && build.target !== 'till');

  it.each(workers)(
    'tells %s nothing that it does not know, and all that it must know',
    async (_, { build, environment }) => {
      // A service says all that is wrong at once: here that must be the port alone, which is wrong on purpose.
      const { CONNECTOR_STREAM, ...given } = environment ?? {};
      const file = CONNECTOR_STREAM === undefined ? STREAM_FILE : `deploy/streams/${CONNECTOR_STREAM}.yaml`;
      const env = { ...given, ...(CONNECTOR_STREAM && { CONNECTOR_STREAM }), STREAM_FILES: file, HTTP_PORT: 'none' };
      const said = await new Promise<string>((resolve) => {
        execFile(process.execPath, [`dist/apps/${build?.target ?? ''}/main.js`], { env }, (_error, stdout, stderr) =>
          resolve(`${stdout}${stderr}`),
        );
      });
      expect(said).toBe('HTTP_PORT must be a whole number from 0 to 65535, not "none"\n');
    },
  );
});
