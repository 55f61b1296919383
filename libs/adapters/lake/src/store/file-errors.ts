import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';

/** What an error of the file system means to somebody who wants to store something, by its code. */
const MEANINGS: Readonly<Record<string, { readonly what: string; readonly remedy: string; readonly passes: boolean }>> =
  {
    EACCES: { what: 'may not be read or written', remedy: rights(), passes: false },
    EPERM: { what: 'may not be written, or has no hard links', remedy: `${rights()}. ${links()}`, passes: false },
    EROFS: {
      what: 'is mounted read-only',
      remedy: 'Mount it for writing, or declare another directory',
      passes: false,
    },
    EEXIST: { what: 'is not a directory', remedy: 'Declare a directory', passes: false },
    ENOTDIR: { what: 'is not a directory', remedy: 'Declare a directory', passes: false },
    ENAMETOOLONG: { what: 'makes a path too long', remedy: 'Declare a directory with a shorter path', passes: false },
    ENOTSUP: { what: 'has no hard links', remedy: links(), passes: false },
    EOPNOTSUPP: { what: 'has no hard links', remedy: links(), passes: false },
    ENOSPC: { what: 'is full', remedy: space(), passes: true },
    EDQUOT: { what: 'is full for this user', remedy: space(), passes: true },
    EIO: { what: 'cannot be read or written', remedy: 'Look at the disk', passes: true },
    ESTALE: { what: 'is not there at this moment', remedy: 'Look at its mount', passes: true },
    EMFILE: { what: 'has no file left to open', remedy: 'Raise the limit of open files', passes: true },
    ENFILE: { what: 'has no file left to open', remedy: 'Raise the limit of open files', passes: true },
  };

function rights(): string {
  return 'Give the user of this process the rights to it, or declare another directory';
}
function links(): string {
  return 'Declare a directory of a file system with hard links (ext4, xfs, btrfs, apfs, NFS), or a bucket';
}
function space(): string {
  return 'Make room; nothing is lost, and it goes on by itself';
}

/** The code of an error of the file system. */
export function codeOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
}

/** What `error` means for `directory`, as the port of a sink says it; another error is left as it is. */
export function fileError(error: unknown, directory: string): unknown {
  const code = codeOf(error);
  const meaning = code === null ? undefined : MEANINGS[code];
  if (meaning === undefined) return error;
  const message = `the directory ${directory} ${meaning.what}: ${messageOf(error)}. ${meaning.remedy}.`;
  return meaning.passes
    ? new SinkUnavailableError(message, null, { cause: error })
    : new SinkRefusedError(message, { cause: error });
}
