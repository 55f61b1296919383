import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory, fingerprint } from '../../local/cache.mjs';
import { isOnPath } from '../../local/command.mjs';

const PYTHON_PACKAGES = ['kafka-python==3.0.12', 'python-snappy==0.7.3', 'lz4==4.4.5', 'zstandard==0.25.0'];
const PYTHON_MODULES = 'import kafka, snappy, lz4.frame, zstandard';
const GRPCURL = 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4';
const RUN_WITHIN_MS = 60_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...options.environment }, timeout: RUN_WITHIN_MS });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
    child.stdin.on('error', reject).end(options.input ?? '');
  });
}

/** Runs a program that must succeed; what it wrote on standard output. */
export async function succeed(...program: Parameters<typeof runProgram>): Promise<string> {
  const { code, stdout, stderr } = await runProgram(...program);
  if (code !== 0) throw new Error(`${program[0]} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** A Python with kafka-python and its codecs, installed once into the cache; null where it cannot be had. */
export function findPython(): string | null {
  const given = process.env['TILLSTREAM_PYTHON'];
  if (given !== undefined && runs(given, ['-c', PYTHON_MODULES])) return given;
  const directory = join(cacheDirectory(), `python-clients-${fingerprint(PYTHON_PACKAGES.join(' '))}`);
  const python = join(directory, 'bin', 'python');
  if (existsSync(python) || install(directory)) return python;
  return skipped('kafka-python', 'python3 with venv, or its packages from PyPI, cannot be had');
}

/** Into a directory that gets its name when it is complete, so that two may install at the same time. */
function install(directory: string): boolean {
  const work = `${directory}.${process.pid}-${randomBytes(4).toString('hex')}`;
  mkdirSync(cacheDirectory(), { recursive: true });
  const python = join(work, 'bin', 'python');
  try {
    if (!runs('python3', ['-m', 'venv', work])) return false;
    if (!runs(python, ['-m', 'pip', 'install', '--quiet', ...PYTHON_PACKAGES])) return false;
    if (!existsSync(directory)) renameSync(work, directory);
    return true;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

export function findKcat(): string | null {
  return isOnPath('kcat') ? 'kcat' : skipped('kcat', 'it is not installed (Debian: apt-get install kcat)');
}

/** On the path, or where the message says. */
export function findGrpcurl(): string | null {
  const directory = join(cacheDirectory(), 'clients', 'bin');
  const ours = join(directory, 'grpcurl');
  if (existsSync(ours)) return ours;
  return isOnPath('grpcurl') ? 'grpcurl' : skipped('grpcurl', `GOBIN=${directory} go install ${GRPCURL}`);
}

function runs(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

function skipped(what: string, why: string): null {
  process.stderr.write(`skipped: tests with ${what}: ${why}\n`);
  return null;
}
