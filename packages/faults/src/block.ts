import { type Context, readContext } from './context.js';
import { deviceBefore, endsBeforeMessage, type Found, FaultScanner } from './scan.js';
import { knownWords } from './vocabulary.js';

/** Where in a joined text each physical line begins. */
interface Mark {
  readonly at: number;
  readonly line: number;
}

/** A text that may span several wrapped lines, and what has been read of it. */
export interface Block {
  readonly text: string;
  readonly marks: readonly Mark[];
  /** Number of physical lines joined. */
  readonly lines: number;
  readonly found: Found | undefined;
  readonly context: Context | undefined;
  /** True where another line could complete what the text began. */
  readonly open: boolean;
  readonly rank: number;
}

const JOINED_LIMIT = 2048;
/** Most lines that one record may be wrapped over. */
const LINES_LIMIT = 8;

/** The line that a position of the joined text is on. */
export function lineAt(block: Block, at: number): number {
  let line = block.marks[0]?.line ?? 0;
  for (const mark of block.marks) if (mark.at <= at) line = mark.line;
  return line;
}

/** Reads a text: the first fault message at or after `from`, else what else it says. */
export function readBlock(
  text: string,
  marks: readonly Mark[],
  lines: number,
  from: number,
  scanner: FaultScanner = new FaultScanner(text),
): Block {
  const found = scanner.next(from);
  if (found !== undefined) {
    const { state, fields } = found.match;
    const open = (state === 'short' || state === 'open') && lines < LINES_LIMIT && text.length < JOINED_LIMIT * 16;
    // What counts is how much was read, unless the text went against it.
    const whole = state === 'damaged' ? 0 : 64;
    const read = Math.min(found.match.end - found.start, 4095);
    const device = fields.bdf !== undefined || deviceBefore(text, from, found.start).bdf !== undefined ? 1 : 0;
    const rank = 10 + (whole + Object.keys(fields).length + knownWords(fields) + device) * 4096 + read;
    return { text, marks, lines, found, context: undefined, open, rank };
  }
  const context = from === 0 ? readContext(text) : undefined;
  const open = lines < LINES_LIMIT && (context?.open === true || endsBeforeMessage(text));
  const closed = context !== undefined && context.open !== true;
  return { text, marks, lines, found, context, open, rank: closed ? 5 : context?.event === undefined ? 0 : 2 };
}

/** Keeps of an open block only what can matter, so that joining stays cheap whatever the line's length. */
export function trimBlock(block: Block): Block {
  const start = block.found?.start ?? block.text.length;
  const cut = Math.max(0, Math.min(start, block.text.length) - 240);
  if (cut === 0) return block;
  const text = block.text.slice(cut);
  const marks = block.marks.map(({ at, line }) => ({ at: Math.max(0, at - cut), line }));
  return readBlock(text, marks, block.lines, 0);
}

/**
 * Joins an open block with the next line, with or without a blank between, whichever lets the message go on; nothing
 * if neither does.
 */
export function extendBlock(block: Block, body: string, line: number, soft: boolean): Block | undefined {
  const head = soft ? block.text : block.text.trimEnd();
  const tail = body.length > JOINED_LIMIT ? body.slice(0, JOINED_LIMIT) : body;
  const join = (blank: string): Block =>
    readBlock(head + blank + tail, [...block.marks, { at: head.length + blank.length, line }], block.lines + 1, 0);
  const close = join('');
  // A soft break of quoted-printable mail, or a cut in an overlong line, is known to be no blank.
  const wide = soft ? undefined : join(' ');
  const best = wide !== undefined && wide.rank >= close.rank ? wide : close;
  if (best.rank > block.rank) return best;
  // A short line may add nothing that counts yet and still fit: the text ends again before anything goes against it.
  if (block.found === undefined && best.rank === block.rank) {
    if (close.open) return close;
    return wide?.open === true ? wide : undefined;
  }
  const match = best.found?.match;
  return match?.state === 'short' && match.cut !== true && best.rank === block.rank ? best : undefined;
}
