/** What `get` is asked for. One object serves all calls of a space, one at a time. */
export class AllocationRequest {
  /** Whether page tables are built now and kept until `put`. */
  getref = false;
  /** Whether maps take references and unmaps drop them. */
  mapref = false;
  sparse = false;
  /** log2 of the page size, 0 for any. */
  shift = 0;
  /** log2 of the alignment; page size and 4 KiB are minima. */
  align = 0;
  size = 0;
  /** The size where it is not exact as a number: no multiple of any page size then. */
  exactSize: bigint | undefined = undefined;
}
