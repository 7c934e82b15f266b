// Written by scripts/bundle.mjs.

/** One file of recorded results: all vectors of one chip. */
export interface VectorFile {
  readonly chip: string;
  /** Scripts in it. */
  readonly vectors: number;
  /** Results in it. */
  readonly operations: number;
  /** Size of the compressed file. */
  readonly bytes: number;
}

/** The files that come with the package, oldest chip first. */
export const VECTOR_FILES: readonly VectorFile[] = [
  { chip: 'nv50', vectors: 76, operations: 3599, bytes: 145426 },
  { chip: 'g84', vectors: 23, operations: 1760, bytes: 89845 },
  { chip: 'mcp77', vectors: 21, operations: 2243, bytes: 94172 },
  { chip: 'gf100', vectors: 66, operations: 5842, bytes: 326589 },
  { chip: 'gk104', vectors: 89, operations: 5947, bytes: 344205 },
  { chip: 'gk20a', vectors: 17, operations: 1528, bytes: 93269 },
  { chip: 'gm200', vectors: 117, operations: 6811, bytes: 433404 },
  { chip: 'gm20b', vectors: 30, operations: 2227, bytes: 133941 },
  { chip: 'gp100', vectors: 153, operations: 5768, bytes: 314790 },
  { chip: 'gp10b', vectors: 34, operations: 2392, bytes: 170017 },
  { chip: 'gv100', vectors: 46, operations: 3393, bytes: 237569 },
  { chip: 'tu102', vectors: 47, operations: 3352, bytes: 205246 },
  { chip: 'gh100', vectors: 97, operations: 5124, bytes: 287585 },
];
