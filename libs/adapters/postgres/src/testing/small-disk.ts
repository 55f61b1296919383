import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

/** A file system in memory that is soon full. Needs the right to mount. */
export class SmallDisk {
  private constructor(readonly directory: string) {}

  /** Null: it cannot be had here, which has been said. */
  static mount(
    directory: string,
    account: { readonly uid: number; readonly gid: number } | undefined,
  ): SmallDisk | null {
    try {
      mkdirSync(directory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', directory], { stdio: 'pipe' });
    } catch (error) {
      process.stderr.write(`skipped: a full disk: ${error instanceof Error ? error.message : String(error)}\n`);
      return null;
    }
    if (account) chownSync(directory, account.uid, account.gid);
    return new SmallDisk(directory);
  }

  fill(): void {
    const { bavail, bsize } = statfsSync(this.directory);
    writeFileSync(join(this.directory, 'ballast'), Buffer.alloc(bavail * bsize));
  }

  empty(): void {
    rmSync(join(this.directory, 'ballast'), { force: true });
  }

  unmount(): void {
    execFileSync('umount', ['--lazy', this.directory], { stdio: 'pipe' });
  }
}
