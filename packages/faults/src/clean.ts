import { isBlank, isDigit } from './cursor.js';

// Control characters, the delete character, no-break and zero-width blanks, and the byte order mark.
const UNUSUAL = /[\0-\x1f\x7f\u00a0\u200b\ufeff]/; // eslint-disable-line no-control-regex -- logs have them
const COLOUR = /\x1b\[[0-9;]{0,16}[A-Za-z]/g; // eslint-disable-line no-control-regex -- terminal colours
const NOTHING = /[\0-\x08\x0e-\x1f\x7f\u200b\ufeff]/g; // eslint-disable-line no-control-regex -- dropped
const BLANKS = /[\t\x0b\x0c\r\u00a0]/g; // eslint-disable-line no-control-regex -- become blanks
const ENTITY = /&(?:lt|gt|amp|quot|nbsp|#39|#x27);/g;
const ENTITIES: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
  '&quot;': '"',
  '&nbsp;': ' ',
  '&#39;': "'",
  '&#x27;': "'",
};

/**
 * Takes terminal colours, control characters and web-page entities out of a line and makes every kind of blank an
 * ordinary one. NUL bytes vanish, which also makes UTF-16 logs readable.
 */
export function clean(text: string): string {
  let result = text;
  if (UNUSUAL.test(result)) result = result.replace(COLOUR, '').replace(NOTHING, '').replace(BLANKS, ' ');
  if (result.includes('&')) result = result.replace(ENTITY, (entity) => ENTITIES[entity] ?? entity);
  return result;
}

/** Returns where the text begins after quote marks of a mail (`> `, `| `) and indentation. */
export function afterQuote(text: string): number {
  let at = 0;
  while (at < text.length) {
    const unit = text.charCodeAt(at);
    if (unit !== 0x3e && unit !== 0x7c && !isBlank(unit)) break;
    at++;
  }
  return at;
}

const UPTIME = /^\[ {0,8}\+?\d{1,10}[.,]\d{1,9}\]/;
const NAMED_DAY = /^\[\+?[A-Z][a-z]{2,3}\s?[A-Z\d]/;
const NUMBERED_DAY = /^\[\d{1,4}[.-]\s?[\p{L}\d]/u;
const CALLER = /^\[ {0,6}[TC]\d{1,7}\]/;
const SYSLOG = /^[A-Z][a-z]{2} {1,2}\d{1,2} ?\d{2}:\d{2}:\d{2}/;
const CLOCK = /^\d{2}:\d{2}:\d{2}\b/;
const ISO = /^\d{4}-\d{2}-\d{2}[T ]\d{2}/;
const LEVEL = /^<\d{1,3}>/;
const PROGRAM = /^(?:kernel:|nouveau |NVRM: |\[drm[\]:]|\{"|---|\.\.\.|\[\.\.\.\]|\(XEN\))/;
// In any language: a time within the first bracket, or the driver's or kernel's name near the beginning.
const TIMED = /^\[[^\]]{0,40}\d:\d{2}[^\]]{0,16}\](?: |$)/;
const NAMED = /^.{0,80}?(?:\bkernel: |nouveau [0-9a-f]{4}:|nouveau E\[|NVRM: )/;
const ON_WROTE = /wrote:$/;

/** Says whether a line, without quote marks, begins a log entry of its own, so that it can't continue another. */
export function startsEntry(text: string): boolean {
  if (text === '') return true;
  const unit = text.charCodeAt(0);
  const head = text.length > 72 ? text.slice(0, 72) : text;
  if (NAMED.test(text.length > 120 ? text.slice(0, 120) : text)) return true;
  if (unit === 0x5b) {
    return (
      TIMED.test(head) ||
      UPTIME.test(head) ||
      NAMED_DAY.test(head) ||
      NUMBERED_DAY.test(head) ||
      CALLER.test(head) ||
      PROGRAM.test(head)
    );
  }
  if (isDigit(unit)) return CLOCK.test(head) || ISO.test(head);
  return SYSLOG.test(head) || LEVEL.test(head) || PROGRAM.test(head) || (text.length < 120 && ON_WROTE.test(text));
}

const STAMPS = [
  /\[ {0,8}(\d{1,10}\.\d{1,9})\]/,
  /\[ {0,8}(\+\d{1,8}[.,]\d{1,9})\]/,
  /\[([A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2} \d{4})\]/,
  /(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?)/,
  /^([A-Z][a-z]{2} {1,2}\d{1,2} ?\d{2}:\d{2}:\d{2})/,
  /^(\d{2}:\d{2}:\d{2})\b/,
];

/** Finds the time stamp in what stands before a message, as printed: uptime in seconds first, then a date. */
export function stampOf(prefix: string): string | undefined {
  const head = prefix.length > 160 ? prefix.slice(0, 160) : prefix;
  for (const stamp of STAMPS) {
    const found = stamp.exec(head)?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Returns the message of a journal entry or container log line in JSON form, or the text itself if it is none. */
export function unpackJson(text: string): string {
  let at = 0;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  if (text.charCodeAt(at) !== 0x7b || !text.trimEnd().endsWith('}')) return text;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return text;
  }
  const entry = value as Record<string, unknown>;
  for (const key of ['MESSAGE', 'message', 'log', 'msg']) {
    const message = entry[key];
    if (typeof message === 'string') return message.replace(/[\r\n]+/g, ' ');
    // The journal writes a message that is not valid UTF-8 as an array of bytes.
    if (Array.isArray(message))
      return message.map((b) => (typeof b === 'number' ? String.fromCharCode(b) : '')).join('');
  }
  return text;
}

const ESCAPE = /=([0-9A-F]{2})/g;

/**
 * Says whether a line looks like quoted-printable mail: it has an escaped equals sign, or ends in a soft break. A
 * plain `pid=31` must not be taken for an escape.
 */
export function looksQuotedPrintable(text: string): boolean {
  if (!text.includes('=')) return false;
  if (text.includes('pid=') && !text.includes('pid=3D')) return false;
  return text.includes('=3D') || text.endsWith('=') || text.endsWith('=20');
}

/** Undoes the escapes of a quoted-printable line; the soft break at its end goes as well. */
export function decodeQuotedPrintable(text: string): string {
  const body = text.endsWith('=') ? text.slice(0, -1) : text;
  return body.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
