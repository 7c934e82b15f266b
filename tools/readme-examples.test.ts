import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkTypes, findExamples, run } from './readme-examples.js';

const folder = fileURLToPath(new URL('./', import.meta.url));

const markdown = `# Title

\`\`\`ts
const half = (n: number): number => n / 2;
console.log(half(4)); // → 2
console.log('a\\nb');
// → a
// → b
\`\`\`

\`\`\`ts fragment
nothing.that(runs);
\`\`\`

\`\`\`ts
const text: string = 5;
console.log(text); // → 6
\`\`\`
`;

test('blocks marked ts are found, with their line and what they say', () => {
  expect(findExamples(markdown)).toMatchObject([
    { line: 4, expected: ['2', 'a', 'b'] },
    { line: 16, expected: ['6'] },
  ]);
});

test('a type error is reported with its line, and only that', () => {
  expect(checkTypes(findExamples(markdown), folder)).toEqual([
    "line 16: Type 'number' is not assignable to type 'string'.",
  ]);
}, 60_000);

test('a run returns the lines printed', () => {
  expect(findExamples(markdown).map((example) => run(example, folder))).toEqual([['2', 'a', 'b'], ['5']]);
});

test('an example that throws fails', () => {
  expect(() => run({ code: 'throw new Error("no");', line: 1, expected: [] }, folder)).toThrow(/no/);
});
