/** What a file that somebody opened is. */
export type FileKind = 'script' | 'dump' | 'log' | 'binary';

/** How much of a file is looked at. */
const HEAD = 4096;

/** Tells from the beginning of a text what it is; anything readable that is nothing else is a log. */
export function fileKind(text: string): FileKind {
  const head = text.slice(0, HEAD);
  // Control characters other than tab, line ends and escape (colours in logs).
  // eslint-disable-next-line no-control-regex
  if (/[\x00-\x08\x0e-\x1a\x1c-\x1f]/.test(head)) return 'binary';
  const first = head.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  if (/^\s*(?:\ufeff)?\{/.test(first) && !/"MESSAGE"|"__REALTIME/.test(head)) return 'script';
  if (/^(?:0x)?[0-9a-f]+:?\s+(?:0x)?(?:[0-9a-f]{16}|[0-9a-f]{8})(?:\s|$)/i.test(first.trim())) return 'dump';
  return 'log';
}
