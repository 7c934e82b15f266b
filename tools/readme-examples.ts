// The examples of a README are tests. A package has one file, test/readme.test.ts:
//
//   import { testReadme } from '../../../tools/readme-examples.js';
//
//   testReadme(new URL('../README.md', import.meta.url));
//
// Every block marked `ts` is type-checked and run as it stands, against the built package. What it prints must be
// what its comments `// → text` say, line by line and in order. A block that is not meant to run is marked
// `ts fragment`.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

interface Example {
  readonly code: string;
  /** Line in the README of the first line of code, from 1. */
  readonly line: number;
  /** The lines that it says it prints. */
  readonly expected: string[];
}

/** The blocks of a Markdown text that are marked `ts`, and nothing but that. */
export function findExamples(markdown: string): Example[] {
  return [...markdown.matchAll(/^```ts\n(.*?)^```$/gms)].map((match) => {
    const code = match[1] ?? '';
    return {
      code,
      line: markdown.slice(0, match.index).split('\n').length + 1,
      expected: [...code.matchAll(/\/\/ → (.*)$/gm)].map((comment) => comment[1]?.trimEnd() ?? ''),
    };
  });
}

/** Type-checks examples as modules in a folder, with other options where given; returns the complaints, with lines. */
export function checkTypes(examples: readonly Example[], folder: string, other: ts.CompilerOptions = {}): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    lib: ['lib.es2023.d.ts'],
    module: ts.ModuleKind.NodeNext,
    moduleDetection: ts.ModuleDetectionKind.Force,
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    ...other,
  };
  const files = new Map(examples.map((example) => [`${folder}readme-line-${example.line}.ts`, example]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path)?.code ?? readFile(path);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, language, ...rest) => {
    const example = files.get(path);
    return example ? ts.createSourceFile(path, example.code, language) : getSourceFile(path, language, ...rest);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const example = files.get(file?.fileName ?? '');
    const line = example && file ? example.line + file.getLineAndCharacterOfPosition(start ?? 0).line : 0;
    return `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

/** Runs an example as a module in a folder, in a process of its own; returns the lines that it prints. */
export function run(example: Example, folder: string): string[] {
  const { outputText } = ts.transpileModule(example.code, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  });
  const output = execFileSync(process.execPath, ['--input-type=module', '-'], {
    cwd: folder,
    input: outputText,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => line.trimEnd());
}

/**
 * Declares the tests of one README.
 *
 * @param base - Where its imports are looked up: by default its own folder. A package whose example needs one that
 *   depends on it has its test elsewhere.
 */
export function testReadme(readme: URL, base: URL = new URL('./', readme)): void {
  const folder = fileURLToPath(base);
  const examples = findExamples(readFileSync(readme, 'utf8'));
  describe('README.md', () => {
    test('has an example, and its examples have the right types', { timeout: 60_000 }, () => {
      expect(examples.length).toBeGreaterThan(0);
      expect(checkTypes(examples, folder)).toEqual([]);
    });
    test.each(examples)('the example in line $line prints what it says', { timeout: 60_000 }, (example) => {
      expect(run(example, folder)).toEqual(example.expected);
    });
  });
}
