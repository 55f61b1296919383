import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@tillstream/config';
import { Authority, writePair } from '@tillstream/config/testing';
import { followClientTls, type FollowedClientTls } from './followed-client-tls';

const LOOK_EVERY_MS = 5;

describe('what a client trusts and shows', () => {
  let directory: string;
  let ours: Authority;
  let followed: FollowedClientTls | null;
  let told: string[];

  beforeAll(async () => void (ours = await Authority.create('ours')));
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'client-tls-'));
    [followed, told] = [null, []];
  });
  afterEach(() => {
    followed?.stop();
    rmSync(directory, { recursive: true });
  });

  const put = (name: string, text: string): string => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const follow = (files: Parameters<typeof followClientTls>[0]): FollowedClientTls => {
    const tell = (fields: object, message: string): void => void told.push(`${message} ${JSON.stringify(fields)}`);
    return (followed = followClientTls(files, { info: tell, error: tell }, LOOK_EVERY_MS));
  };

  it('is exchanged without a restart, and held on to while its files do not fit together', async () => {
    const [first, second] = [await ours.sign('first'), await ours.sign('second')];
    const files = { caFile: put('ca.pem', ours.pem), ...writePair(directory, 'client', first) };
    const tls = follow(files);
    expect(tls.current.cert?.toString()).toBe(first.cert);
    writeFileSync(files.certFile, second.cert);
    await until(() => told.length === 1);
    expect(told[0]).toMatch(/^client_certificate_not_usable .*client.key is not the key of the certificate in/);
    expect(tls.current.cert?.toString()).toBe(first.cert);
    writeFileSync(files.keyFile, second.key);
    await until(() => tls.current.key?.toString() === second.key);
    expect([tls.current.cert?.toString(), tls.current.ca?.toString()]).toEqual([second.cert, ours.pem]);
    put('ca.pem', (await Authority.create('others')).pem);
    await until(() => tls.current.ca?.toString() !== ours.pem);
    expect(told.join()).not.toContain('PRIVATE KEY');
  });

  it('is a reason not to start when it cannot be used, and nothing where nothing is named', () => {
    const nothing = { caFile: null, certFile: null, keyFile: null };
    expect(follow(nothing).current).toEqual({});
    const of = (caFile: string) => () => follow({ ...nothing, caFile });
    expect(of(put('ca.pem', 'what?'))).toThrow(ConfigError);
    expect(of(join(directory, 'gone.pem'))).toThrow(/TILLSTREAM_CA_FILE: .*gone.pem cannot be read: ENOENT/);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
