import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of one test, whose files are named by what is put there. */
export class FilesForTests {
  readonly directory = mkdtempSync(join(tmpdir(), 'tillstream-files-'));

  /** @returns the path */
  put(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
