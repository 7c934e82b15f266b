// This project's own implementation behind the conformance protocol, as a model for others.

import { createInterface } from 'node:readline';
import { serveForeign } from '@nvmmu/conformance';
import { formatResult, parseOperation, ScriptRunner } from '@nvmmu/script';

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

await serveForeign(
  {
    send: (line) => void process.stdout.write(`${line}\n`),
    receive: async () => (await lines.next()).value,
  },
  { name: '@nvmmu/script' },
  () => {
    const runner = new ScriptRunner();
    let number = 1;
    return (text) => formatResult(runner.step(parseOperation({ text, number: ++number, complete: true })));
  },
);
