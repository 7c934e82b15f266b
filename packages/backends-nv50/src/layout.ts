// Page-table entry, 64 bits in two lanes (low at the right). Bits without a name are 0.
//
//  63   60        49 48  47 46     40 39                 12   9    7   6    5    4   3          0
// ├────┼─── tag ────┼─ comp ┼─ kind ─┼───── addr 39:12 ────┼──┼ block ┼priv┼ target ┼ro┼─────┼present
//  └──────────────── high lane ─────────┴────────────────── low lane ──────────────────────────┘
//
// An absent entry is all zero. The value is the *sum* of template and address; the block bits are ORed in last.

const LANE_BITS = 32;

/** Marks an entry that maps a page. */
export const PTE_PRESENT: number = 1 << 0;
/** Position of the read-only bit. */
export const PTE_RO_SHIFT = 3;
/** Position of {@link PTE_TARGET}. */
export const PTE_TARGET_SHIFT = 4;
/** Position of the supervisor bit. */
export const PTE_PRIV_SHIFT = 6;
/** Position of the log2 of the contiguous block's pages. */
export const PTE_BLOCK_SHIFT = 7;
/** log2 of the largest contiguous block: what three bits can say. */
export const PTE_BLOCK_MAX = 7;
/** Position of the storage kind in the high lane. */
export const PTE_KIND_SHIFT_HI: number = 40 - LANE_BITS;
/** Position of the compression mode in the high lane. */
export const PTE_COMP_SHIFT_HI: number = 47 - LANE_BITS;
/** Position of the compression tag in the high lane. */
export const PTE_TAG_SHIFT_HI: number = 49 - LANE_BITS;

/** Memory that a page or a table is in, as entries of both kinds number it. */
export const TARGET = { vram: 0, host: 2, ncoh: 3 } as const;

// Directory entry, 64 bits. It lives in instance blocks only.
//
//  63        40 39                12        6     5      3     2      1    0
// ├─────────────┼──── addr 39:12 ───┼───────┼ length ┼───┼ target ┼─┼ pages ┤

/** Marks an entry whose table has 64 KiB pages. */
export const PDE_PAGES_64K = 1;
/** Marks an entry whose table has 4 KiB pages. */
export const PDE_PAGES_4K = 3;
/** Position of {@link TARGET} in a directory entry. */
export const PDE_TARGET_SHIFT = 2;
/** Position of the index into {@link PDE_LENGTH_BYTES}. */
export const PDE_LENGTH_SHIFT = 5;
/** Sizes in bytes that a table of 4 KiB pages can have. */
export const PDE_LENGTH_BYTES: readonly number[] = [0x10_0000, 0x4_0000, 0x2_0000, 0x1_0000];
/** What the driver stores for a missing table, lower lane first: the low lane is 0, so it is not present. */
export const PDE_ABSENT: readonly [lo: number, hi: number] = [0, 0xdeadcafe];

/** Bytes of an entry of either kind. */
export const ENTRY_BYTES = 8;
/** 32-bit words of an entry of either kind. */
export const ENTRY_WORDS: number = ENTRY_BYTES / 4;

/** log2 of the range that one directory entry covers. */
export const PDE_SHIFT = 29;
/** log2 of the directory's entries. */
export const DIRECTORY_BITS = 11;
/** Size of the directory. */
export const DIRECTORY_BYTES: number = (1 << DIRECTORY_BITS) * ENTRY_BYTES;
