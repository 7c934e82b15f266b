import * as v from 'valibot';
import { ScriptError } from './errors.js';
import { readLines, splitLines, type ByteSource, type LineOptions, type TextLine } from './lines.js';
import type { Operation, Script, ScriptHeader } from './operations.js';
import { DEFINITIONS, HEADER, HEADER_KEYS } from './schema.js';
import { didYouMean, quote } from './suggest.js';

type Issue = v.BaseIssue<unknown>;

function pathOf(issue: Issue): string {
  let path = '';
  for (const { key } of issue.path ?? []) {
    path += typeof key === 'number' ? `[${key}]` : path === '' ? String(key) : `.${String(key)}`;
  }
  return path;
}

function describe(issue: Issue): string {
  const path = pathOf(issue);
  // An object that lacks a key is the only thing that valibot words itself.
  if (issue.type === 'object') return `missing key ${quote(path)}`;
  return path === '' ? issue.message : `key ${quote(path)}: ${issue.message}`;
}

/** The first key that does not belong, as a complaint. */
function unknownKey(value: object, keys: ReadonlySet<string>): string | undefined {
  for (const key of Object.keys(value)) {
    if (!keys.has(key)) return `unknown key ${quote(key)}${didYouMean(key, keys)}`;
  }
  return undefined;
}

function parseJson(line: TextLine): object {
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const cut = line.complete ? '' : ': the last line is cut off';
    throw new ScriptError({ line: line.number }, `not valid JSON${cut} (${reason})`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ScriptError({ line: line.number }, `expected a JSON object, got ${quote(line.text)}`);
  }
  return value;
}

/**
 * Reads line 1 of a script.
 *
 * @throws ScriptError when it is no header of a version that is known.
 */
export function parseHeader(line: TextLine): ScriptHeader {
  const value = parseJson(line);
  const result = v.safeParse(HEADER, value, { abortEarly: true });
  const stray = 'format' in value ? unknownKey(value, HEADER_KEYS) : undefined;
  if (result.success && stray === undefined) return { title: result.output.title };
  const reason = stray ?? (result.success ? '' : describe(result.issues[0]));
  throw new ScriptError(
    { line: line.number },
    `not the header of a script: ${reason} (expected {"format":"vmm-script","version":1})`,
  );
}

/**
 * Reads one operation.
 *
 * @throws ScriptError when the line is not JSON, or not an operation as the format has it.
 */
export function parseOperation(line: TextLine): Operation {
  const value = parseJson(line);
  const op: unknown = (value as { op?: unknown }).op;
  if (typeof op !== 'string') {
    const reason = op === undefined ? 'missing key "op"' : `key "op": expected a string, got ${JSON.stringify(op)}`;
    throw new ScriptError({ line: line.number }, reason);
  }
  const known = DEFINITIONS.get(op);
  if (known === undefined) {
    throw new ScriptError({ line: line.number }, `unknown op ${quote(op)}${didYouMean(op, DEFINITIONS.keys())}`);
  }
  const stray = unknownKey(value, known.keys);
  if (stray !== undefined) throw new ScriptError({ line: line.number, op }, stray);
  const result = v.safeParse(known.schema, value, { abortEarly: true });
  if (!result.success) throw new ScriptError({ line: line.number, op }, describe(result.issues[0]));
  return known.build(result.output, line.number);
}

/** Turns lines into a header and operations, one line at a time. Blank lines are passed over. */
export class ScriptParser {
  /** What line 1 said; `undefined` before it was seen. */
  header: ScriptHeader | undefined = undefined;
  #last = 0;

  /**
   * Takes the next line.
   *
   * @returns The operation, or `undefined` for the header and for blank lines.
   * @throws ScriptError with the line's number.
   */
  line(line: TextLine): Operation | undefined {
    this.#last = line.number;
    if (line.text.trim() === '') return undefined;
    if (this.header === undefined) {
      this.header = parseHeader(line);
      return undefined;
    }
    return parseOperation(line);
  }

  /**
   * Says that there are no more lines.
   *
   * @throws ScriptError when there was no header.
   */
  end(): ScriptHeader {
    if (this.header === undefined) throw new ScriptError({ line: Math.max(this.#last, 1) }, 'the script is empty');
    return this.header;
  }
}

/**
 * Reads the operations of a script of any size from chunks of bytes or text, a line at a time.
 * `onHeader` is called with what line 1 says, before the first operation.
 *
 * @throws ScriptError at the first mistake; operations before it have been yielded.
 */
export async function* readScript(
  source: ByteSource,
  options: LineOptions = {},
  onHeader?: (header: ScriptHeader) => void,
): AsyncGenerator<Operation, void, undefined> {
  const parser = new ScriptParser();
  for await (const line of readLines(source, options)) {
    const fresh = parser.header === undefined;
    const operation = parser.line(line);
    if (fresh && parser.header !== undefined) onHeader?.(parser.header);
    if (operation !== undefined) yield operation;
  }
  parser.end();
}

/**
 * Reads a whole script that is in memory.
 *
 * @throws ScriptError at the first mistake.
 */
export function parseScript(text: string | Uint8Array, options: LineOptions = {}): Script {
  const parser = new ScriptParser();
  const operations: Operation[] = [];
  for (const line of splitLines(text, options)) {
    const operation = parser.line(line);
    if (operation !== undefined) operations.push(operation);
  }
  return { header: parser.end(), operations };
}
