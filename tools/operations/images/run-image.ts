import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '@tillstream/local';
import type { BuiltImage } from './image-store';

/**
 * The sandbox of tests may have control groups of an older kind, which crun does not take: it is shown others. Nothing is limited
 * by them here.
 */
const UNDER_CRUN = `umount -R -l /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup 2>/dev/null
exec crun --root "$1" --cgroup-manager=disabled run --bundle "$2" "$3"`;

export interface RunOptions {
  /** A directory for what the runtime and the test write. */
  readonly directory: string;
  readonly name: string;
  readonly env?: Readonly<Record<string, string>>;
  /** In place of the image's own command. */
  readonly args?: readonly string[];
  /** In place of its entrypoint, too. */
  readonly entrypoint?: readonly string[];
  /** Directory here → directory there; those of /var/lib can be written. */
  readonly mounts?: Readonly<Record<string, string>>;
}

export interface RunningImage {
  readonly exited: Promise<{ readonly code: number | null }>;
  /** What it has printed until now. */
  log(): string;
  /** As an orchestrator does: the signal, and time to end. */
  stop(): Promise<void>;
}

/**
 * Starts an image as the compose file and the chart do: its own user, no capability, no way to more of them, a root that cannot be
 * written, and a /tmp in memory. The network is this machine's.
 */
export async function runImage({ config, root }: BuiltImage, options: RunOptions): Promise<RunningImage> {
  const { directory, name, env = {}, args = config.Cmd, entrypoint = config.Entrypoint ?? [], mounts = {} } = options;
  const bundle = join(directory, name);
  mkdirSync(bundle, { recursive: true });
  const [uid, gid] = config.User.split(':').map(Number);
  const spec = {
    ociVersion: '1.0.2',
    root: { path: root, readonly: true },
    process: {
      terminal: false,
      user: { uid, gid },
      cwd: config.WorkingDir,
      args: [...entrypoint, ...args],
      env: [...config.Env, ...Object.entries(env).map(([variable, value]) => `${variable}=${value}`)],
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777'] },
      ...Object.entries(mounts).map(([source, destination]) => ({
        destination,
        type: 'bind',
        source,
        options: ['bind', destination.startsWith('/var/lib/') ? 'rw' : 'ro'],
      })),
    ],
    linux: { namespaces: [{ type: 'mount' }, { type: 'pid' }, { type: 'ipc' }] },
  };
  writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
  const logFile = join(bundle, 'log');
  const child = await launch({
    command: 'unshare',
    args: [
      '--mount',
      'sh',
      '-c',
      UNDER_CRUN,
      'crun',
      join(directory, 'crun'),
      bundle,
      `tillstream-${process.pid}-${name}`,
    ],
    logFile,
  });
  return {
    exited: child.exited,
    log: () => readFileSync(logFile, 'utf8'),
    stop: () => child.stop({ timeoutMs: 20_000 }),
  };
}
