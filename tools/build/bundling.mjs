/** How esbuild makes one file of a program and the libraries it imports; packages from npm stay outside. */
export const BUNDLING = /** @type {const} */ ({
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  packages: 'external',
  tsconfig: 'tsconfig.base.json',
  loader: { '.lua': 'text', '.proto': 'text' },
});
