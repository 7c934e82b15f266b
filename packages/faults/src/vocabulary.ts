import type { FaultFields } from './record.js';
import { reasonOfName } from './reasons.js';
import { clientClass, engineClass } from './units.js';

const ACCESS =
  /^(?:read|write|READ|WRITE|(?:ACCESS_TYPE_)?(?:VIRT_|PHYS_)?(?:READ|WRITE|ATOMIC(?:_WEAK|_STRONG)?|PREFETCH)|UNRECOGNIZED_ACCESS_TYPE)$/;

/** Says whether a word is an access that some driver prints. */
export function isKnownAccess(word: string): boolean {
  return ACCESS.test(word);
}

/** Says whether a word is a reason that some driver prints, be it as a number. */
export function isKnownReason(word: string): boolean {
  return (
    reasonOfName(word, []) !== 'unknown' ||
    /^(?:0x[0-9a-f]{8}|UNK[0-9A-F]{2}|\(unknown enum 0x[0-9a-f]{8}\)|UNRECOGNIZED_FAULT)$/.test(word)
  );
}

/**
 * Counts the values of a fault that are words of the drivers. Of two ways to join wrapped lines, the one that makes
 * more known words is right.
 */
export function knownWords(fields: FaultFields): number {
  let count = 0;
  if (fields.access !== undefined && isKnownAccess(fields.access)) count++;
  if (fields.reason !== undefined && isKnownReason(fields.reason)) count++;
  if (fields.engine !== undefined && engineClass(fields.engine).class !== 'other') count++;
  if (fields.client !== undefined && clientClass(fields.client).class !== 'other') count++;
  return count;
}
