/** One Jest configuration for the whole workspace; tools/test decides which suites run and starts what they need. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const { paths } = JSON.parse(readFileSync(join(__dirname, 'tsconfig.base.json'), 'utf8')).compilerOptions;
const moduleNameMapper = Object.fromEntries(
  Object.entries(paths).map(([alias, [file]]) => [`^${alias}$`, `<rootDir>/${file.replace('./', '')}`]),
);

module.exports = {
  rootDir: __dirname,
  testEnvironment: 'node',
  // No test measures time by it: a slow machine is no failure, a test that hangs is.
  testTimeout: 60_000,
  setupFiles: ['<rootDir>/tools/test/property-seed.cjs'],
  testMatch: ['<rootDir>/{apps,libs,tools}/**/*.spec.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.nx', '<rootDir>/.tillstream'],
  moduleNameMapper,
  transform: {
    '\\.lua$': '<rootDir>/tools/test/lua-transform.cjs',
    '^.+\\.(t|m?j)s$': [
      '@swc/jest',
      {
        sourceMaps: 'inline',
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  // Packages that ship ECMAScript modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(@marcbachmann/cel-js|@bufbuild/cel|@bufbuild/cel-spec|eventsource-parser)/)',
  ],
};
