import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory, cached } from '@tillstream/local';

const DOCKERFILE = 'deploy/docker/Dockerfile';
/** Debian of the images' bases. */
const SUITE = 'bookworm';
const RUNTIME_PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];
const TOOLS = ['buildah', 'crun', 'debootstrap', 'unshare', 'npm'];
const PLAIN_BASE = 'FROM scratch\nCOPY . /\nENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n';
const USERS = {
  passwd: 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n',
  group: 'root:x:0:\nnonroot:x:65532:\n',
};

/** What the Dockerfile says of an image. */
export interface ImageConfig {
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly User: string;
  readonly WorkingDir: string;
}

export interface BuiltImage {
  readonly config: ImageConfig;
  readonly bytes: number;
  /** Where its files are mounted. */
  readonly root: string;
}

/** Why images cannot be built here, or null. */
export function whyNoImages(): string | null {
  if (process.env['TILLSTREAM_IMAGES'] !== 'build') return 'takes minutes: set TILLSTREAM_IMAGES=build';
  if (process.getuid?.() !== 0) return 'building without an engine is done as root';
  const missing = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0);
  return missing.length === 0 ? null : `needs ${missing.join(', ')} (apt-get install buildah crun debootstrap)`;
}

/**
 * Builds the images of the Dockerfile as it stands, without an engine: by buildah, on bases made from Debian's packages and
 * npm's Node, since those that the Dockerfile names are to be had from their registries alone. They have the same things in the
 * same places.
 */
export class ImageStore {
  private readonly place: readonly string[];
  private readonly mounted: string[] = [];

  constructor(directory: string) {
    this.place = ['--root', join(cacheDirectory(), 'images'), '--runroot', join(directory, 'run')];
  }

  /** Gives the bases the names that the Dockerfile asks for, unless they have them already. */
  async prepareBases(): Promise<void> {
    await this.base(argumentOf('BUILDER'), 'image-builder', makeBuilder);
    await this.base(argumentOf('RUNTIME'), 'image-runtime', makeRuntime);
  }

  /** Builds one target; layers that are as before are taken from the last time. */
  build(target: string): BuiltImage {
    const npmrc = process.env['NPM_CONFIG_USERCONFIG'] ?? join(process.env['HOME'] ?? '/root', '.npmrc');
    const secrets = [['npmrc', npmrc] as const, ['ca', process.env['NODE_EXTRA_CA_CERTS'] ?? ''] as const];
    const given = secrets.filter(([, file]) => spawnSync('test', ['-s', file]).status === 0);
    const tag = `tillstream/${target}`;
    this.run('bud', [
      ...['--pull-never', '--layers', '--format', 'docker', '-f', DOCKERFILE, '--target', target, '-t', tag],
      ...given.flatMap(([id, file]) => ['--secret', `id=${id},src=${file}`]),
      '.',
    ]);
    const container = this.run('from', ['--pull-never', `localhost/${tag}`]).trim();
    this.mounted.push(container);
    const root = this.run('mount', [container]).trim();
    const { Docker } = JSON.parse(this.run('inspect', ['--type', 'image', `localhost/${tag}`])) as {
      readonly Docker: { readonly config: ImageConfig };
    };
    return { config: Docker.config, root, bytes: bytesIn(root) };
  }

  /** Images stay, for the next time. */
  close(): void {
    for (const container of this.mounted) this.run('rm', [container]);
  }

  private async base(name: string, cacheName: string, fill: (directory: string) => void): Promise<void> {
    if (this.run('images', ['--filter', `reference=${name}`, '--quiet']).trim() !== '') return;
    const directory = await cached(`${cacheName}-${process.versions.node}`, async (work) => {
      fill(work);
      return Promise.resolve();
    });
    const file = `${directory}.Dockerfile`;
    writeFileSync(file, PLAIN_BASE);
    this.run('bud', ['--format', 'docker', '-f', file, '-t', name, directory]);
  }

  private run(command: string, args: readonly string[]): string {
    const env = { ...process.env, BUILDAH_ISOLATION: 'chroot' };
    return must('buildah', [command, ...this.place, ...args], { env });
  }
}

/** The value an argument of the Dockerfile has unless told otherwise. */
function argumentOf(name: string): string {
  const found = new RegExp(`^ARG ${name}=(.*)$`, 'm').exec(readFileSync(DOCKERFILE, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`${DOCKERFILE} has no ARG ${name}`);
  return found;
}

/** A Debian with Node and npm. */
function makeBuilder(directory: string): void {
  must('debootstrap', ['--variant=minbase', '--include=ca-certificates', SUITE, directory]);
  cpSync(process.execPath, join(directory, 'usr/local/bin/node'));
  const npm = realpathSync(must('which', ['npm']).trim());
  cpSync(dirname(dirname(npm)), join(directory, 'usr/local/lib/node_modules/npm'), { recursive: true });
  must('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(directory, 'usr/local/bin/npm')]);
}

/** The C++ library, Node, a user without rights, and nothing else. */
function makeRuntime(directory: string): void {
  const packages = join(directory, 'packages');
  mkdirSync(packages);
  must('apt-get', ['download', ...RUNTIME_PACKAGES], { cwd: packages });
  for (const file of readdirSync(packages)) must('dpkg', ['-x', join(packages, file), directory]);
  for (const path of ['packages', 'usr/share']) rmSync(join(directory, path), { recursive: true, force: true });
  for (const path of ['etc', 'home/nonroot', 'nodejs/bin', 'tmp'])
    mkdirSync(join(directory, path), { recursive: true });
  for (const [name, text] of Object.entries(USERS)) writeFileSync(join(directory, 'etc', name), text);
  must('chmod', ['1777', join(directory, 'tmp')]);
  cpSync(process.execPath, join(directory, 'nodejs/bin/node'));
}

function bytesIn(directory: string): number {
  return Number(must('du', ['-sb', directory]).split('\t')[0]);
}

function must(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args[0] ?? ''} failed: ${error?.message ?? `${stdout}\n${stderr}`.slice(-3_000)}`);
}
