/**
 * Makes a value when it is first asked for, and keeps it: for what a program may never need, such as the format of a chip
 * whose tables it only writes.
 */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
