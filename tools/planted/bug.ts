/** A piece of a source file, and what a bug makes of it. */
export interface Patch {
  /** From the root of the project. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that somebody could have written, and that something must notice. */
export interface PlantedBug {
  /** For the command line. */
  readonly name: string;
  /** What is wrong, as the table of guarantees says it. */
  readonly bug: string;
  readonly patches: readonly Patch[];
  /** The specs that notice it where neither chance nor a directed schedule does. */
  readonly specs?: readonly string[];
  /** Why none of those can be expected to notice it. */
  readonly note?: string;
}

/**
 * A source with its patches.
 *
 * @throws Error for a snippet that does not stand there exactly once: the code has changed, and the bug must be planted
 *   anew
 */
export function patched(file: string, source: string, patches: readonly Patch[]): string {
  let text = source;
  for (const { find, replace } of patches.filter((patch) => patch.file === file)) {
    const places = text.split(find).length - 1;
    if (places !== 1) {
      throw new Error(
        `${file} holds ${places} times instead of once what a planted bug replaces; look at what has become of it and ` +
          `correct the patch in tools/planted/bugs:\n${find}`,
      );
    }
    text = text.replace(find, () => replace);
  }
  return text;
}
