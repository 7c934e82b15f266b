import { formatResult, parseOperation, ScriptRunner } from '@nvmmu/script';
import { describe, expect, test } from 'vitest';
import { ProtocolError, runForeign, serveForeign, type LineChannel, type Vector } from '../src/index.js';
import { loadVectors } from './load.js';

const vectors = (await loadVectors('gk20a')).filter(({ family }) => family === 'handed');
const [first] = vectors as [Vector];

/** Two ends of a channel in one process. */
function pair(): [LineChannel & { close(): void }, LineChannel & { close(): void }] {
  const end = (mine: Queue, theirs: Queue): LineChannel & { close(): void } => ({
    send: (line) => {
      theirs.push(line);
    },
    receive: () => mine.next(),
    close: () => {
      theirs.push(undefined);
    },
  });
  const [a, b] = [new Queue(), new Queue()];
  return [end(a, b), end(b, a)];
}

class Queue {
  readonly #lines: (string | undefined)[] = [];
  #waiting: ((line: string | undefined) => void) | undefined;
  push(line: string | undefined): void {
    if (this.#waiting === undefined) this.#lines.push(line);
    else this.#waiting(line);
    this.#waiting = undefined;
  }
  next(): Promise<string | undefined> {
    if (this.#lines.length > 0) return Promise.resolve(this.#lines.shift());
    return new Promise((resolve) => (this.#waiting = resolve));
  }
}

/** A channel whose other side gives these answers, whatever it is asked. */
function scripted(...answers: (string | undefined)[]): LineChannel & { readonly sent: string[] } {
  const sent: string[] = [];
  return { sent, send: (line) => void sent.push(line), receive: () => Promise.resolve(answers.shift()) };
}

const HELLO = '{"protocol":"nvmmu-conformance","version":1,"name":"test 1"}';
const READY = '{"ready":true}';
const DONE = '{"done":true}';

function simulated(change: (result: string) => string = (result) => result) {
  return () => {
    const runner = new ScriptRunner();
    let line = 1;
    return (operation: string) =>
      change(formatResult(runner.step(parseOperation({ text: operation, number: ++line, complete: true }))));
  };
}

async function play(
  hello: Parameters<typeof serveForeign>[1],
  start: Parameters<typeof serveForeign>[2],
  options: Parameters<typeof runForeign>[2] = {},
) {
  const [near, far] = pair();
  const served = serveForeign(far, hello, start);
  const summary = await runForeign(vectors, near, options);
  near.close();
  await served;
  return summary;
}

describe('a foreign implementation', () => {
  test('passes when it answers as recorded', async () => {
    const summary = await play({ name: 'ours' }, simulated());
    expect(summary).toMatchObject({
      passed: vectors.length,
      failed: 0,
      declined: 0,
      hello: { name: 'ours', omits: [] },
    });
  });

  test('gets the header with the offer, then each operation as it is recorded', async () => {
    const channel = scripted(HELLO, READY, ...first.results, DONE);
    await runForeign([first], channel);
    const header: unknown = JSON.parse(first.script[0] ?? '');
    expect(channel.sent.map((line) => JSON.parse(line) as unknown)).toEqual([
      { protocol: 'nvmmu-conformance', version: 1 },
      { run: first.name, chip: 'gk20a', header },
      ...first.script.slice(1).map((line) => JSON.parse(line) as unknown),
      { end: first.name },
    ]);
  });

  test('fails at the first result that differs, and is not asked for the rest', async () => {
    const channel = scripted(HELLO, READY, first.results[0], '{"i":1,"op":"vmm","ret":-5}', DONE);
    const found: unknown[] = [];
    const summary = await runForeign([first], channel, { onResult: (_, { mismatch }) => found.push(mismatch) });
    expect(summary).toMatchObject({ passed: 0, failed: 1 });
    expect(found).toMatchObject([{ index: 1, op: 'vmm' }]);
    expect(channel.sent.at(-2)).toBe(first.script[2]);
    expect(channel.sent.at(-1)).toBe(`{"end":"${first.name}"}`);
  });

  test('is not held to the parts that it omits, but to all others', async () => {
    const bare = (result: string) => {
      const { i, op, ret, addr, pfns } = JSON.parse(result) as Record<string, unknown>;
      return JSON.stringify({ i, op, ret, addr, pfns });
    };
    const omits = ['log', 'ev', 'vmas', 'mem'] as const;
    expect(await play({ name: 'bare', omits }, simulated(bare))).toMatchObject({ passed: vectors.length, failed: 0 });
    expect(await play({ name: 'bare', omits: ['log', 'ev', 'vmas'] }, simulated(bare))).toMatchObject({ passed: 0 });
    const wrong = (result: string) => bare(result).replace('"ret":0', '"ret":-12');
    expect(await play({ name: 'bare', omits }, simulated(wrong))).toMatchObject({ passed: 0 });
  });

  test('may decline a vector, and is not offered chips that it does not have', async () => {
    const reasons: string[] = [];
    const onDeclined = (_: Vector, reason: string) => void reasons.push(reason);
    const declining = () => ({ declined: 'not yet' });
    expect(await play({ name: 'lazy' }, declining, { onDeclined })).toMatchObject({
      declined: vectors.length,
      failed: 0,
    });
    expect(new Set(reasons)).toEqual(new Set(['not yet']));
    const other = await play({ name: 'other', chips: ['gp100'] }, simulated(), { onDeclined });
    expect(other).toMatchObject({ declined: vectors.length, passed: 0 });
    expect(reasons.at(-1)).toBe('no gk20a');
  });

  test('is not run on what the options leave out', async () => {
    const exemptions = [{ vectors: [first.name], reason: 'known' }];
    const summary = await play({ name: 'ours' }, simulated(), { exemptions, only: ({ name }) => name === first.name });
    expect(summary).toMatchObject({ passed: 0, failed: 0, exempt: 1, declined: 0 });
  });

  test('that gives something else than JSON for a result fails that vector', async () => {
    const summary = await runForeign([first], scripted(HELLO, READY, 'Segmentation fault', DONE));
    expect(summary).toMatchObject({ failed: 1 });
  });

  test.each([
    ['nothing', [undefined], 'the implementation went away'],
    ['no JSON', ['hello'], 'an answer is not JSON: hello'],
    ['no object', ['[1]'], 'an answer is not an object'],
    ['another protocol', ['{"protocol":"x","version":1,"name":"y"}'], 'does not speak nvmmu-conformance'],
    ['another version', ['{"protocol":"nvmmu-conformance","version":2,"name":"y"}'], 'speaks version 2, not 1'],
    ['no name', ['{"protocol":"nvmmu-conformance","version":1}'], 'has no name'],
    ['no list of chips', [HELLO.replace('}', ',"chips":"gp100"}')], '`chips` is not a list'],
    ['parts that can not be omitted', [HELLO.replace('}', ',"omits":["ret"]}')], '`omits` may hold'],
    ['no answer to an offer', [HELLO, '{"what":1}'], 'neither ready nor declined'],
    ['the end inside a vector', [HELLO, READY, undefined], 'went away'],
    ['no answer to the end of a vector', [HELLO, READY, '{}', '{}'], 'no answer to the end'],
  ])('that answers %s ends the run', async (_name, answers, message) => {
    const running = runForeign([first], scripted(...answers));
    await expect(running).rejects.toThrow(ProtocolError);
    await expect(running).rejects.toThrow(message);
  });

  test('is shown only the start of a long wrong line', async () => {
    const error = await runForeign([first], scripted('x'.repeat(1e6))).catch((thrown: unknown) => thrown);
    expect((error as ProtocolError).line).toHaveLength(200);
  });
});
