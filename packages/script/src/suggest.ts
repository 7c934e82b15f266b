import { distance } from 'fastest-levenshtein';

/** Quotes a word of the script for a message; a very long one is cut. */
export function quote(word: string): string {
  return JSON.stringify(word.length > 60 ? `${word.slice(0, 60)}…` : word);
}

/** Edits between two words, where one pair of swapped letters is a single edit. */
function edits(a: string, b: string): number {
  const count = distance(a, b);
  if (count !== 2 || a.length !== b.length) return count;
  let first = 0;
  while (a[first] === b[first]) first++;
  return a[first] === b[first + 1] && a[first + 1] === b[first] ? 1 : 2;
}

/** ` (did you mean "size"?)` when one of the candidates is near enough to `word`, else nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  // One edit for short words, two for longer ones: more would be guessing.
  let best: string | undefined;
  let limit = word.length < 4 ? 1 : 2;
  if (word.length > 40) return '';
  for (const candidate of candidates) {
    if (candidate === word) continue;
    const count = edits(word.toLowerCase(), candidate.toLowerCase());
    if (count < limit || (count === limit && best === undefined)) {
      best = candidate;
      limit = count;
    }
  }
  return best === undefined ? '' : ` (did you mean ${quote(best)}?)`;
}
