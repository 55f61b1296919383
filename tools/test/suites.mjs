import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * The kinds of tests, told apart by the names of their files: what they need differs.
 *
 * @typedef {'unit' | 'int' | 'e2e' | 'ops'} Kind
 */

/**
 * @param {string} file
 * @returns {Kind | undefined} undefined: not a test
 */
export function kindOf(file) {
  if (file.endsWith('.ops.spec.ts')) return 'ops';
  if (file.endsWith('.e2e.spec.ts')) return 'e2e';
  if (file.endsWith('.int.spec.ts')) return 'int';
  return file.endsWith('.spec.ts') ? 'unit' : undefined;
}

/**
 * @param {string} root
 * @param {string[]} filters parts of paths; none means every file
 * @returns {Map<Kind, string[]>} the files with tests, from the root
 */
export function findSuites(root, filters) {
  /** @type {Map<Kind, string[]>} */
  const found = new Map([
    ['unit', []],
    ['int', []],
    ['e2e', []],
    ['ops', []],
  ]);
  for (const top of ['apps', 'libs', 'tools']) {
    for (const entry of readdirSync(join(root, top), { recursive: true, withFileTypes: true })) {
      const kind = kindOf(entry.name);
      const file = relative(root, join(entry.parentPath, entry.name));
      if (kind && (filters.length === 0 || filters.some((part) => file.includes(part)))) found.get(kind)?.push(file);
    }
  }
  return found;
}
