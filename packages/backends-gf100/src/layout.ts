// Page-table entry, 64 bits in two lanes (low at the right).
//
//  63 61 60             44 43    36 35 34  33  32  31                   4  3  2    1      0
// ├─────┼────── tag ──────┼─ kind ─┼──┼ apert ┼vol┼───── addr 39:12 ─────┼──┼ ro ┼ priv ┼ present ┤
//  └──────────────────── high lane ──────────────┴─────────────────── low lane ──────────────────┘
//
// With 64 KiB pages on gm200 and gm20b bit 60 is the half of the tag line and the line has bits 59:44.

const LANE_BITS = 32;

/** How much an entry's address is smaller than the address: its bits stand one byte lower. */
export const ADDR_SCALE: number = 1 << 8;

/** Marks an entry that maps a page. */
export const PTE_PRESENT: number = 1 << 0;
/** Position of the bit for privileged access only. */
export const PTE_PRIV_SHIFT = 1;
/** Position of the read-only bit. */
export const PTE_RO_SHIFT = 2;
/** Position of the volatile bit in the high lane. */
export const PTE_VOL_SHIFT_HI: number = 32 - LANE_BITS;
/** Position of the aperture in the high lane. */
export const PTE_APERTURE_SHIFT_HI: number = 33 - LANE_BITS;
/** Position of the storage kind in the high lane. */
export const PTE_KIND_SHIFT_HI: number = 36 - LANE_BITS;
/** Position of the compression tag line in the high lane. */
export const PTE_TAG_SHIFT_HI: number = 44 - LANE_BITS;
/** Position of the half of a tag line in the high lane. */
export const PTE_HALF_SHIFT_HI: number = 60 - LANE_BITS;

/** Not present, but privileged: the hardware does not look at the small pages below (gk104 and later). */
export const PTE_INVALID: readonly [lo: number, hi: number] = [1 << PTE_PRIV_SHIFT, 0];
/** Not present, but volatile: accesses do not fault (gm200 and gm20b). */
export const PTE_SPARSE: readonly [lo: number, hi: number] = [0, 1 << PTE_VOL_SHIFT_HI];

// Directory entry: one 32-bit half each for the big-page and the small-page table.
//
//  63                 36  35   34   33   32 31                4 3    2 1    0
// ├ small addr 39:12 ────┼bvol┼svol┼ small ap ┼ big addr 39:12 ─┼ length ┼ big ap ┤

/** Memory that a table is in; 0 means that there is none. */
export const PDE_APERTURE = { vram: 1, host: 2, ncoh: 3 } as const;
/** In the high lane: the small-page table is in coherent memory. */
export const PDE_SMALL_VOL_HI: number = 1 << (34 - LANE_BITS);
/** In the high lane: the big-page table is in coherent memory. */
export const PDE_BIG_VOL_HI: number = 1 << (35 - LANE_BITS);

/** No table, but the volatile mark of the big one: accesses do not fault (gm200 and gm20b). */
export const PDE_SPARSE: readonly [lo: number, hi: number] = [0, PDE_BIG_VOL_HI];

/** Bytes of an entry of either kind. */
export const ENTRY_BYTES = 8;

// Instance block:
//
// 0x200   63                       12  11 10    3   2   1    0
//        ├── directory address 39:12 ──┼64K┼──────┼ vol ┼ target ┤
// 0x208  last valid address

/** Offset of the directory word in bytes. */
export const INSTANCE_DIRECTORY = 0x200;
/** Offset of the word with the last valid address in bytes. */
export const INSTANCE_LIMIT = 0x208;
/** What an instance block must have at least, in bytes. */
export const INSTANCE_BYTES = 0x210;
/** Memory that the directory is in, with the volatile mark (bit 2) for coherent memory. */
export const INSTANCE_TARGET = { vram: 0, host: 6, ncoh: 3 } as const;
/** Big pages have 64 KiB (gm200 and gm20b; the chips before them learn it from elsewhere). */
export const INSTANCE_BIG_64K: number = 1 << 11;
