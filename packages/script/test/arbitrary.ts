import fc from 'fast-check';
import type { AddressRef, MemoryLayout, Operation } from '../src/index.js';

// Any operation that a script can hold, for properties.

const u64 = fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.constantFrom(0n, 0x1000n, (1n << 64n) - 1n));
const byte = fc.nat(255);
const id = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' });
const vmm = fc.option(id, { nil: undefined });
const line = fc.constant(0);
const at: fc.Arbitrary<AddressRef> = fc.oneof(fc.record({ addr: u64 }), fc.record({ vma: id, delta: u64 }));
const args = fc.option(
  fc
    .record(
      { kind: byte, ro: fc.boolean(), priv: fc.boolean(), vol: fc.boolean(), comp: byte },
      { requiredKeys: [], noNullPrototype: true },
    )
    .filter((value) => Object.keys(value).length > 0),
  { nil: undefined },
);
const pieces = (shift: number): fc.Arbitrary<[bigint, bigint][]> => {
  const unit = fc.bigInt({ min: 1n, max: 1n << 20n }).map((n) => n << BigInt(shift));
  return fc.array(fc.tuple(unit, unit), { minLength: 1, maxLength: 4 });
};
const page = fc.bigInt({ min: 0n, max: 1n << 40n }).map((n) => n << 12n);
const hostLayout: fc.Arbitrary<MemoryLayout> = fc.oneof(
  pieces(12).map((list) => ({ kind: 'sgl' as const, pieces: list })),
  fc.array(page, { minLength: 1, maxLength: 4 }).map((addrs) => ({ kind: 'dma' as const, addrs })),
  fc.record({ kind: fc.constant('dmaRange' as const), addr: page, pages: fc.integer({ min: 1, max: 1 << 24 }) }),
);
const vramLayout: fc.Arbitrary<MemoryLayout> = fc
  .integer({ min: 12, max: 30 })
  .chain((shift) =>
    fc.record({ kind: fc.constant('extents' as const), page: fc.constant(shift), type: byte, pieces: pieces(shift) }),
  );

const op = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name);

/** An operation of any kind, on line 0. */
export const anyOperation: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    op: op('device'),
    line,
    chip: id,
    ptTarget: fc.constantFrom('vram', 'host', 'ncoh', undefined),
    ptBase: u64,
    fbPage: fc.constantFrom(16, 17),
    tags: fc.nat(),
    stolen: u64,
  }),
  fc.record({
    op: op('vmm'),
    line,
    id,
    name: id,
    type: fc.constantFrom('unmanaged', 'managed', 'raw'),
    addr: u64,
    size: u64,
    bigPage: fc.option(byte, { nil: undefined }),
    replay: fc.option(fc.boolean(), { nil: undefined }),
  }),
  fc.record({ op: op('mem'), line, id, target: fc.constant('vram' as const), layout: vramLayout }),
  fc.record({ op: op('mem'), line, id, target: fc.constantFrom('host', 'ncoh'), layout: hostLayout }),
  fc.record({
    op: op('get'),
    line,
    vmm,
    id,
    type: fc.constantFrom('lazy', 'addr', 'ptes'),
    page: byte,
    align: byte,
    size: u64,
    sparse: fc.boolean(),
  }),
  fc.record({ op: fc.constantFrom('put', 'unmap'), line, vmm, at }),
  fc.record({ op: op('map'), line, vmm, at, size: fc.option(u64, { nil: undefined }), mem: id, offset: u64, args }),
  fc.record({
    op: op('pfnmap'),
    line,
    vmm,
    at,
    page: byte,
    frames: fc.oneof(
      fc.record({ list: fc.array(u64, { maxLength: 4 }) }),
      fc.record({ first: u64, step: u64, count: fc.nat(1 << 24) }),
    ),
    size: fc.option(u64, { nil: undefined }),
  }),
  fc.record({ op: op('pfnclr'), line, vmm, at, size: u64 }),
  fc.record({
    op: op('join'),
    line,
    vmm,
    inst: id,
    size: fc.option(
      fc.integer({ min: 1, max: 1 << 12 }).map((n) => n * 16),
      { nil: undefined },
    ),
  }),
  fc.record({ op: op('part'), line, vmm, inst: id }),
  fc.record({ op: fc.constantFrom('boot', 'dump', 'close'), line, vmm }),
  fc.record({ op: fc.constantFrom('rawget', 'rawput'), line, vmm, addr: u64, size: u64, page: byte }),
  fc.record({ op: op('rawmap'), line, vmm, addr: u64, size: u64, page: byte, mem: id, offset: u64, args }),
  fc.record({ op: op('rawunmap'), line, vmm, addr: u64, size: u64, page: byte, sparse: fc.boolean() }),
  fc.record({ op: op('rawsparse'), line, vmm, addr: u64, size: u64, ref: fc.boolean() }),
  fc.record({ op: op('engref'), line, vmm, engine: id, delta: fc.integer() }),
  fc.record({ op: op('ptcdump'), line }),
  fc.record({ op: op('failalloc'), line, after: fc.maxSafeNat() }),
);
