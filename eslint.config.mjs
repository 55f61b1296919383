import { fileURLToPath } from 'node:url';

import js from '@eslint/js';
import { createProjectGraphAsync } from '@nx/devkit';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// The boundary rule reads the cached graph of projects, and without one it is skipped in silence.
process.env.NX_DAEMON = 'false';
await createProjectGraphAsync({ exitOnError: true });

const SPECS = ['**/*.spec.ts', '**/*.fixture.ts', '**/*.contract.ts', '**/testing.ts', '**/testing/**/*.ts'];

/** What may import what. An empty list of external imports forbids every npm package. */
const LAYERS = [
  { sourceTag: 'layer:core', onlyDependOnLibsWithTags: ['layer:core'], allowedExternalImports: [] },
  {
    sourceTag: 'layer:contract',
    onlyDependOnLibsWithTags: ['layer:core', 'layer:contract'],
    allowedExternalImports: ['yaml', 'zod', '@marcbachmann/cel-js', '@bufbuild/protobuf', '@bufbuild/protobuf/*'],
  },
  {
    sourceTag: 'layer:engine',
    onlyDependOnLibsWithTags: ['layer:core', 'layer:contract', 'layer:engine'],
    allowedExternalImports: ['@opentelemetry/api'],
  },
  {
    sourceTag: 'layer:adapter',
    onlyDependOnLibsWithTags: ['layer:core', 'layer:contract', 'layer:engine'],
    bannedExternalImports: ['@nestjs/*'],
  },
  { sourceTag: 'layer:config', onlyDependOnLibsWithTags: ['layer:config'], allowedExternalImports: ['zod', 'yaml'] },
  {
    sourceTag: 'layer:nest',
    onlyDependOnLibsWithTags: ['layer:engine', 'layer:config', 'layer:nest'],
    bannedExternalImports: ['kafkajs', 'ioredis'],
  },
  {
    sourceTag: 'layer:runtime',
    onlyDependOnLibsWithTags: [
      'layer:core',
      'layer:contract',
      'layer:engine',
      'layer:adapter',
      'layer:config',
      'layer:nest',
      'layer:runtime',
    ],
    bannedExternalImports: ['kafkajs', 'ioredis'],
  },
  { sourceTag: 'layer:app', notDependOnLibsWithTags: ['layer:app'] },
  { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: ['*'] },
  { sourceTag: 'layer:local', onlyDependOnLibsWithTags: ['layer:local'] },
];

/** The same directions for tests, which may use any package and the local stack. */
const LAYERS_OF_TESTS = LAYERS.map(({ sourceTag, onlyDependOnLibsWithTags, notDependOnLibsWithTags }) =>
  notDependOnLibsWithTags
    ? { sourceTag, notDependOnLibsWithTags }
    : { sourceTag, onlyDependOnLibsWithTags: [...onlyDependOnLibsWithTags, 'layer:local'] },
);

const boundaries = (depConstraints, allow = []) => [
  'error',
  { enforceBuildableLibDependency: false, allow, depConstraints },
];

const CLOCKS = ['Date', 'performance', 'setTimeout', 'setInterval'];
const WORLD = ['setImmediate', 'process', 'console', 'fetch', 'Buffer', 'crypto', 'navigator'];
const banned = (names, message) => ['error', ...names.map((name) => ({ name, message }))];

const NO_EXPORT_STAR = {
  selector: 'ExportAllDeclaration',
  message: 'Name what is exported: the face of a library is a decision.',
};
const NO_ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'The environment is read in config.ts only; everything else is given values.',
};
const NO_CHANCE = {
  selector: "MemberExpression[object.name='Math'][property.name='random']",
  message: 'Chance is given: the Random port, or a seed.',
};
const TESTING_ONLY_FROM_TESTS = {
  patterns: [{ group: ['@tillstream/*/testing'], message: 'What is for tests is imported by tests.' }],
  paths: [{ name: '@tillstream/local', message: 'The local stack is for tests and tools.' }],
};

export default tseslint.config(
  {
    ignores: ['dist/**', 'node_modules/**', '.nx/**', '.tillstream/**', 'coverage/**', '**/generated/**', 'helm/**'],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    plugins: { '@nx': nx, 'import-x': importX },
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) },
    },
    settings: {
      ...importX.flatConfigs.typescript.settings,
      'import-x/resolver-next': [
        createNodeResolver({
          extensions: ['.ts', '.mjs', '.js', '.json'],
          tsconfig: { configFile: fileURLToPath(new URL('tsconfig.base.json', import.meta.url)), references: 'auto' },
        }),
      ],
    },
    rules: {
      '@nx/enforce-module-boundaries': boundaries(LAYERS),
      'import-x/no-cycle': 'error',
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', NO_EXPORT_STAR, NO_ENVIRONMENT],
      'no-restricted-imports': ['error', TESTING_ONLY_FROM_TESTS],
      eqeqeq: ['error', 'always', { null: 'ignore' }],

      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      // A method of an interface may be asynchronous for the sake of its other implementations.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ['libs/{core,contracts,engine}/src/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-globals': banned(CLOCKS, 'No clock decides anything about an event: time is an argument.'),
      'no-restricted-syntax': ['error', NO_EXPORT_STAR, NO_ENVIRONMENT, NO_CHANCE],
    },
  },
  {
    files: ['libs/core/src/**/*.ts'],
    ignores: SPECS,
    rules: {
      'no-restricted-globals': banned([...CLOCKS, ...WORLD], 'core is pure: no clock, no chance, no I/O.'),
      'import-x/no-nodejs-modules': 'error',
    },
  },
  {
    files: [
      '**/config.ts',
      'apps/*/src/main.ts',
      'apps/cli/src/process-context.ts',
      'libs/config/**/*.ts',
      'tools/**/*.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', NO_EXPORT_STAR] },
  },
  {
    files: ['apps/cli/**/*.ts', 'tools/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: SPECS,
    rules: {
      '@nx/enforce-module-boundaries': boundaries(LAYERS_OF_TESTS),
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }],
      'no-restricted-syntax': ['error', NO_EXPORT_STAR],
      'no-restricted-imports': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // expect.any() and its like are any
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['tools/**/*.ts'],
    rules: {
      // Benchmarks and fuzzing reach for what a library does not show; the local stack is plain JavaScript beside them.
      '@nx/enforce-module-boundaries': boundaries(LAYERS_OF_TESTS, [
        ...['../../libs/**', '../../../libs/**', '../../apps/**', '../../../apps/**'],
        ...['../local/**', '../../local/**'],
      ]),
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: true }],
      'no-restricted-imports': 'off',
    },
  },
  {
    files: ['**/*.{mjs,cjs,js}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'URL', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'fetch']
          .concat(['performance', 'AbortSignal', 'AbortController', 'TextDecoder', 'TextEncoder'])
          .map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly', __dirname: 'readonly', exports: 'writable' },
    },
  },
  prettier,
);
