import type { Vector } from './bundle.js';
import { checkResults, isPassed, type Outcome } from './check.js';
import { ask, type ForeignHello, greet, type LineChannel, type OptionalPart, ProtocolError } from './protocol.js';
import type { RunOptions, Summary } from './run.js';

/** Counts of a run of a foreign implementation. */
export interface ForeignSummary extends Summary {
  /** What it said about itself. */
  readonly hello: ForeignHello;
  /** Vectors that it declined, of chips that it does not have among them. */
  readonly declined: number;
}

/** Options of {@link runForeign}. */
export interface ForeignOptions extends RunOptions {
  /** Called with each vector that the implementation declined, and why. */
  readonly onDeclined?: (vector: Vector, reason: string) => void;
}

/** The keys that a part has in results: a long list is recorded as count and hash. */
const KEYS: Readonly<Record<OptionalPart, readonly string[]>> = {
  log: ['log', 'logN', 'logSha'],
  ev: ['ev', 'evN', 'evSha'],
  vmas: ['vmas'],
  mem: ['mem'],
};

/** A result line without some of its keys. */
function without(line: string, keys: ReadonlySet<string>): string {
  if (keys.size === 0) return line;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return line; // The comparison says that it is not JSON.
  }
  if (typeof value !== 'object' || value === null) return line;
  return JSON.stringify(Object.fromEntries(Object.entries(value).filter(([key]) => !keys.has(key))));
}

function* strip(lines: Iterable<string>, keys: ReadonlySet<string>): Generator<string, void, undefined> {
  for (const line of lines) yield without(line, keys);
}

/** Sends one operation after the other and yields what comes back, for as long as somebody asks for it. */
async function* converse(
  channel: LineChannel,
  operations: readonly string[],
  keys: ReadonlySet<string>,
): AsyncGenerator<string, void, undefined> {
  for (const operation of operations) {
    await channel.send(operation);
    const line = await channel.receive();
    if (line === undefined) throw new ProtocolError('the implementation went away');
    yield without(line, keys);
  }
}

/** Offers a vector; returns the reason when it is declined. */
async function offer(channel: LineChannel, vector: Vector): Promise<string | undefined> {
  const [header = '{}'] = vector.script;
  const answer = await ask(channel, { run: vector.name, chip: vector.chip, header: JSON.parse(header) as unknown });
  if (answer['ready'] === true) return undefined;
  if (typeof answer['declined'] === 'string') return answer['declined'];
  throw new ProtocolError('neither ready nor declined', JSON.stringify(answer));
}

/**
 * Checks an implementation on the other side of a channel, in whatever language: `FORMAT.md` describes what it has to
 * answer. After the first result of a vector that differs, the rest of that vector is not sent.
 *
 * @throws ProtocolError when the other side does not keep to the protocol between vectors, or goes away: nothing can be
 * said about the rest then. What it does wrong inside a vector counts as a failure of that vector.
 */
export async function runForeign(
  vectors: AsyncIterable<Vector> | Iterable<Vector>,
  channel: LineChannel,
  options: ForeignOptions = {},
): Promise<ForeignSummary> {
  const hello = await greet(channel);
  const keys = new Set(hello.omits.flatMap((part) => KEYS[part]));
  const exempted = new Set(options.exemptions?.flatMap((exemption) => exemption.vectors));
  let passed = 0;
  let failed = 0;
  let exempt = 0;
  let declined = 0;
  for await (const vector of vectors) {
    if (options.only !== undefined && !options.only(vector)) continue;
    if (exempted.has(vector.name)) {
      exempt++;
      continue;
    }
    const reason = hello.chips?.includes(vector.chip) === false ? `no ${vector.chip}` : await offer(channel, vector);
    if (reason !== undefined) {
      declined++;
      options.onDeclined?.(vector, reason);
      continue;
    }
    const outcome: Outcome = await checkResults(
      converse(channel, vector.script.slice(1), keys),
      strip(vector.results, keys),
    );
    if (isPassed(outcome)) passed++;
    else failed++;
    options.onResult?.(vector, outcome);
    if (outcome.error instanceof ProtocolError) throw outcome.error;
    const end = await ask(channel, { end: vector.name });
    if (end['done'] !== true) throw new ProtocolError('no answer to the end of a vector', JSON.stringify(end));
  }
  return { hello, passed, failed, exempt, declined };
}

/**
 * The other side: answers the messages of {@link runForeign} for an implementation of this language, and is the model for
 * others. Returns when the channel ends.
 *
 * @param start - Makes an implementation of one vector; it takes one operation line and gives the result line. Returns the
 * reason, as `{ declined }`, where it does not want to.
 */
export async function serveForeign(
  channel: LineChannel,
  hello: { readonly name: string; readonly chips?: readonly string[]; readonly omits?: readonly OptionalPart[] },
  start: (
    vector: string,
    chip: string,
  ) => ((operation: string) => string | Promise<string>) | { readonly declined: string },
): Promise<void> {
  let step: ((operation: string) => string | Promise<string>) | undefined;
  const answer = async (line: string): Promise<string> => {
    const message = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof message['protocol'] === 'string') {
      return JSON.stringify({ protocol: message['protocol'], version: message['version'], ...hello });
    }
    if (typeof message['run'] === 'string') {
      const made = start(message['run'], String(message['chip']));
      if (typeof made !== 'function') return JSON.stringify(made);
      step = made;
      return '{"ready":true}';
    }
    if (typeof message['end'] === 'string') {
      step = undefined;
      return '{"done":true}';
    }
    if (step === undefined) throw new ProtocolError('an operation outside a vector', line);
    return step(line);
  };
  for (let line = await channel.receive(); line !== undefined; line = await channel.receive()) {
    await channel.send(await answer(line));
  }
}
