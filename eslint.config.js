import js from '@eslint/js';
import { importX } from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import * as regexp from 'eslint-plugin-regexp';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * What the sources of each package may import of ours. Imports go one way only; the tests and benchmarks of a
 * package may import more, as long as the graph of package.json dependencies has no cycle.
 */
const LAYERS = {
  rbtree: [],
  ptcache: [],
  faults: [],
  'vmm-core': ['rbtree', 'ptcache'],
  'backends-nv50': ['vmm-core'],
  'backends-gf100': ['vmm-core'],
  'backends-gp100': ['vmm-core', 'backends-gf100'],
  script: ['ptcache', 'vmm-core', 'backends-nv50', 'backends-gf100', 'backends-gp100'],
  conformance: ['vmm-core', 'script'],
};

/** Files whose inner loops read typed arrays, where a checked read costs; nothing else may use `!`. */
const HOT_FILES = [
  'packages/vmm-core/src/traverse.ts',
  'packages/backends-nv50/src/*.ts',
  'packages/backends-gf100/src/*.ts',
  'packages/backends-gp100/src/*.ts',
];

/** Globals of Node that packages must do without, so that they run in a browser. */
const NODE_GLOBALS = ['process', 'Buffer', 'global', 'require', 'module', '__dirname', '__filename', 'setImmediate'];

const layers = Object.entries(LAYERS).map(([name, allowed]) => ({
  files: [`packages/${name}/src/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            regex: `^@nvmmu/${allowed.length > 0 ? `(?!(?:${allowed.join('|')})$)` : ''}`,
            message: `packages/${name} may import of ours only: ${allowed.join(', ') || 'nothing'}.`,
          },
          { regex: '^node:', message: 'Packages use no Node API.' },
          { regex: '^(\\.\\./)+(packages|apps)/', message: 'Import another package by its name, not from its folder.' },
        ],
      },
    ],
    'no-restricted-globals': ['error', ...NODE_GLOBALS.map((name) => ({ name, message: 'Packages use no Node API.' }))],
  },
}));

const documented = {
  files: ['packages/*/src/**/*.ts'],
  plugins: { jsdoc },
  rules: {
    'jsdoc/require-jsdoc': [
      'error',
      {
        publicOnly: true,
        require: { ClassDeclaration: true, FunctionDeclaration: true, MethodDefinition: true },
        checkConstructors: false,
        checkSetters: false,
        contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration', 'ExportNamedDeclaration > VariableDeclaration'],
      },
    ],
    'jsdoc/require-description': ['error', { contexts: ['any'], descriptionStyle: 'body' }],
    'jsdoc/no-types': 'error',
    'jsdoc/check-tag-names': ['error', { definedTags: ['internal'], typed: false }],
    // What a name and its type say need not be said again.
    'jsdoc/check-param-names': ['error', { disableMissingParamChecks: true }],
  },
};

export default defineConfig(
  globalIgnores(['**/dist/**', 'tools/docs/site/**', '**/coverage/**', '**/.turbo/**', '**/node_modules/**']),
  js.configs.recommended,
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [] },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
        { selector: 'ExportAllDeclaration', message: 'Re-export by name: what is not named stays private.' },
      ],
    },
  },
  {
    // What reads the input of strangers must take time in proportion to it.
    files: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.{ts,tsx}'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'certain' }],
    },
  },
  { files: HOT_FILES, rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  documented,
  ...layers,
  {
    // Tests and benchmarks: the same type checks, fewer formalities.
    files: ['**/test/**/*.ts', '**/test/**/*.tsx', '**/bench/**/*.ts', 'tools/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
    },
  },
  { files: ['**/*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: {
      globals: {
        console: 'readonly',
        process: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        globalThis: 'readonly',
        URL: 'readonly',
      },
    },
  },
);
