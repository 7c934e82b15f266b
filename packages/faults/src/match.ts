import type { Driver, FaultFields, Form } from './record.js';

/**
 * How far a grammar got: `full`; `open` (complete, but more can follow on the next line); `short` (the text ended);
 * `damaged` (the text goes on differently).
 */
export type MatchState = 'full' | 'open' | 'short' | 'damaged';

/** What a grammar read of one fault message. */
export interface Match {
  readonly driver: Driver;
  readonly form: Form;
  readonly grammar: string;
  readonly fields: FaultFields;
  readonly state: MatchState;
  /** Where the message ends in the text. */
  readonly end: number;
  /** True where the line was cut although all it needs to be counted is there. */
  readonly cut?: boolean;
  /** True where the message is printed in pieces, so that its rest may come after other messages. */
  readonly pieces?: boolean;
}

/** Turns hexadecimal digits, at most 16, into `0x…` without leading zeros. */
export function hexValue(digits: string): string {
  let at = 0;
  while (at < digits.length - 1 && digits.charCodeAt(at) === 0x30) at++;
  return `0x${digits.slice(at).toLowerCase()}`;
}

/** Splits a process text such as `Xorg[1099]` into name and pid. */
export function setProcess(fields: FaultFields, text: string): void {
  const found = /^(.*)\[(\d{1,10})\]$/s.exec(text);
  if (found === null) fields.process = text;
  else {
    fields.process = found[1] ?? '';
    fields.pid = Number(found[2]);
  }
}

const PROCESS_WINDOW = 256;
const NEXT_ENTRY = /\s(?:nouveau [0-9a-f]{4}:|nouveau E\[|NVRM: |\[ {0,8}\d{1,8}\.\d{6}\])/;

/** A process text and where its closing bracket stands. */
export interface ProcessText {
  readonly text: string;
  /** Position after the closing bracket, or of the end of the text if it is cut. */
  readonly end: number;
  readonly closed: boolean;
}

/**
 * Reads the process at `from` up to the bracket that closes it. Names may contain brackets, so it is the last one; but
 * what the page or mail put behind the line (`[/B]`, another message) must not be taken for part of the name.
 */
export function readProcess(text: string, from: number): ProcessText {
  let rest = text.slice(from, from + PROCESS_WINDOW);
  const fixed = /^(DRM|unknown)\]/.exec(rest)?.[1];
  if (fixed !== undefined) return { text: fixed, end: from + fixed.length + 1, closed: true };
  const next = NEXT_ENTRY.exec(rest);
  if (next !== null) rest = rest.slice(0, next.index);
  let last = -1;
  for (let at = rest.lastIndexOf(']'); at > 0; at = rest.lastIndexOf(']', at - 1)) {
    if (last < 0) last = at;
    // A pid, closed by its own bracket, right before.
    if (/\[\d{1,10}\]$/.test(rest.slice(Math.max(0, at - 12), at))) {
      last = at;
      break;
    }
  }
  if (last < 0) return { text: rest, end: from + rest.length, closed: false };
  // `Xorg[958]` with the outer bracket cut off: the bracket found belongs to the pid.
  const open = rest.lastIndexOf('[', last);
  if (open > 0 && /^\[\d{1,10}$/.test(rest.slice(open, last))) {
    return { text: rest.slice(0, last + 1), end: from + last + 1, closed: false };
  }
  return { text: rest.slice(0, last), end: from + last + 1, closed: true };
}

/** Sets the process of a text that was cut: only what is certainly whole, a name that its pid's bracket ends. */
export function setCutProcess(fields: FaultFields, text: string): void {
  const found = /^(\S.*)\[(\d{1,10}\])?/s.exec(text.slice(0, 64));
  if (found?.[1] === undefined) return;
  fields.process = found[1];
  if (found[2] !== undefined) fields.pid = Number.parseInt(found[2], 10);
}
