import { distance } from 'fastest-levenshtein';

/** Quotes a word of the script for a message; a very long one is cut. */
export function quote(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}…` : word);
}

/** ` (did you mean "size"?)` when one of the candidates is near enough to `word`, else nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  // One edit for short words, two for longer ones: more would be guessing.
  let best: string | undefined;
  let limit = word.length < 4 ? 1 : 2;
  if (word.length > 40) return '';
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const edits = distance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < limit || (edits === limit && best === undefined)) {
      best = candidate;
      limit = edits;
    }
  }
  return best === undefined ? '' : ` (did you mean ${quote(best)}?)`;
}
