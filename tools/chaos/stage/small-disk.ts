import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SmallDisk } from '../fault';

const SIZE_MIB = 192;
const GROWN_MIB = 512;
const BLOCK_BYTES = 64 * 1024;

/** A file system in memory, mounted for one run. Needs the right to mount. */
export class MountedDisk implements SmallDisk {
  private readonly ballast: string;

  private constructor(readonly directory: string) {
    this.ballast = join(directory, 'ballast');
  }

  /** @throws what `mount` says. */
  static mount(directory: string): MountedDisk {
    mkdirSync(directory, { recursive: true });
    mount('-t', 'tmpfs', '-o', `size=${SIZE_MIB}m,mode=0777`, 'tmpfs', directory);
    return new MountedDisk(directory);
  }

  async fill(): Promise<void> {
    const file = await open(this.ballast, 'a');
    const block = Buffer.alloc(BLOCK_BYTES);
    try {
      for (;;) await file.write(block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      await file.close();
    }
  }

  async grow(): Promise<void> {
    mount('-o', `remount,size=${GROWN_MIB}m`, this.directory);
    await rm(this.ballast, { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.directory], { stdio: 'pipe' });
  }
}

let refusal: string | null | undefined;

/** Why no small disk can be had here; null when it can. Tries it once. */
export function whyNoSmallDisk(): string | null {
  if (refusal !== undefined) return refusal;
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-chaos-disk-'));
  try {
    MountedDisk.mount(directory).unmount();
    refusal = null;
  } catch (error) {
    refusal = `a tmpfs cannot be mounted: ${error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error)}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return refusal;
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}
