import type { KindTable } from '@nvmmu/vmm-core';

/** The table value of a kind that the chips don't have. */
const KIND_INVALID = 0xff;

// The kind that a page gets where no compression tags are free; a kind that stands for itself is not compressed.
const ROWS = `
  00 01 01 01 01 01 ff 01 01 01 01 ff ff ff ff ff
  ff 11 ff ff ff ff ff 11 11 11 11 ff ff ff ff ff
  ff ff ff ff ff ff 26 27 28 29 ff ff ff ff ff ff
  ff ff ff ff ff ff ff ff ff ff 26 27 28 29 26 27
  28 29 ff ff ff ff 46 ff ff ff ff ff ff ff ff ff
  ff 46 46 46 46 ff ff ff ff ff ff ff ff ff ff ff
  ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff
  ff ff ff ff ff ff ff ff ff ff ff 7b ff ff ff ff
  ff ff ff ff ff ff 7b 7b 7b 7b ff 8b 8c 8d 8e ff
  ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff
  ff ff ff 8b 8c 8d 8e a7 a8 a9 aa ff ff ff ff ff
  ff ff ff ff ff ff ff ff ff ff ff ff ff ff ff a7
  a8 a9 aa c3 ff ff ff ff ff ff ff ff fe fe c3 c3
  c3 c3 ff ff ff ff ff ff fe ff ff fe ff fe ff fe
  fe ff fe fe fe fe fe ff ff fe ff fe ff fe fe ff
  fe fe fe fe fe fe fe fe fe fe fe fe ff fd fe ff`;

const TABLE = Uint8Array.from(ROWS.trim().split(/\s+/), (byte) => parseInt(byte, 16));

/** Storage kinds of gf100, gk104 and gk20a. */
export const gf100Kinds: KindTable = { table: TABLE, invalid: KIND_INVALID };

/** Storage kinds of gm200 and gm20b (and of gp100 to gv100): two uncompressed ones more, 0x2a and 0x2b. */
export const gm200Kinds: KindTable = { table: TABLE.with(0x2a, 0x2a).with(0x2b, 0x2b), invalid: KIND_INVALID };
