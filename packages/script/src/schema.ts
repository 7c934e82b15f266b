import * as v from 'valibot';
import { ScriptError } from './errors.js';
import { byte, either, flag, list, name, pair, tuple, u64, whole, word } from './fields.js';
import { addressOf, argumentsOf, framesOf, layoutOf, type Fail } from './model.js';
import { formatHex } from './numbers.js';
import type { Operation, OperationName } from './operations.js';

// For every operation the keys that it has, what they may hold, and the model that comes of them, with defaults.

/** Most page frames and pages of host memory that one operation may name. */
const MAX_PAGES = 1 << 24;
const MAX_INSTANCE = 1 << 28;

const opt = v.optional;
const vmm = opt(name);
const address = { addr: opt(u64), vma: opt(name), delta: opt(u64) };
const args = {
  kind: opt(either(0, 255)),
  ro: opt(flag),
  priv: opt(flag),
  vol: opt(flag),
  comp: opt(byte),
};
const page = byte;

/** Keys of line 1. */
export const HEADER_KEYS: ReadonlySet<string> = new Set(['format', 'version', 'title']);

/** Line 1. */
export const HEADER: v.GenericSchema<unknown, { format: 'vmm-script'; version: 1; title?: string | undefined }> =
  v.object({
    format: word('vmm-script'),
    version: v.literal(1, (issue) => `expected 1, got ${issue.received}`),
    title: opt(name),
  });

/** How to read one operation. Its schema looks at known keys only: the reader refuses others before. */
export interface Definition {
  readonly keys: ReadonlySet<string>;
  readonly schema: v.GenericSchema;
  /** Makes the operation of values that the schema has accepted. Throws ScriptError when they don't go together. */
  build(values: unknown, line: number): Operation;
}

type Values<E> = { readonly [P in keyof E]: E[P] extends v.GenericSchema ? v.InferOutput<E[P]> : never };

function define<const E extends v.ObjectEntries>(
  op: OperationName,
  entries: E,
  build: (raw: Values<E>, line: number, fail: Fail) => Operation,
): [OperationName, Definition] {
  const definition: Definition = {
    keys: new Set(['op', ...Object.keys(entries)]),
    schema: v.object(entries),
    build: (values, line) =>
      build(values as Values<E>, line, (reason) => {
        throw new ScriptError({ line, op }, reason);
      }),
  };
  return [op, definition];
}

/** The operations by name. A `Map`, so that a name such as `constructor` finds nothing. */
export const DEFINITIONS: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  define(
    'device',
    {
      chip: name,
      ptTarget: opt(word('vram', 'host', 'ncoh')),
      ptBase: opt(u64),
      fbPage: opt(whole(16, 17)),
      tags: opt(whole(0, 0x7fffffff)),
      stolen: opt(u64),
    },
    (raw, line) => ({
      op: 'device',
      line,
      chip: raw.chip,
      ptTarget: raw.ptTarget,
      ptBase: raw.ptBase ?? 0x100000n,
      fbPage: raw.fbPage ?? 17,
      tags: raw.tags ?? 0,
      stolen: raw.stolen ?? 0n,
    }),
  ),
  define(
    'vmm',
    {
      id: name,
      name: opt(name),
      managed: opt(flag),
      raw: opt(flag),
      addr: opt(u64),
      size: opt(u64),
      bigPage: opt(byte),
      replay: opt(flag),
    },
    (raw, line) => ({
      op: 'vmm',
      line,
      id: raw.id,
      name: raw.name ?? 'user',
      type: raw.raw === true ? 'raw' : raw.managed === true ? 'managed' : 'unmanaged',
      addr: raw.addr ?? 0n,
      size: raw.size ?? 0n,
      bigPage: raw.bigPage,
      replay: raw.replay,
    }),
  ),
  define(
    'mem',
    {
      id: name,
      target: word('vram', 'host', 'ncoh'),
      page: opt(byte),
      type: opt(byte),
      extents: opt(list(pair)),
      sgl: opt(list(pair)),
      dma: opt(list(u64)),
      dmaRange: opt(tuple('["0x…", pages]', u64, whole(1, MAX_PAGES))),
    },
    (raw, line, fail) => {
      return { op: 'mem', line, id: raw.id, target: raw.target, layout: layoutOf(raw.target, raw, fail) };
    },
  ),
  define(
    'get',
    {
      vmm,
      id: name,
      type: opt(word('lazy', 'addr', 'ptes')),
      page: opt(page),
      align: opt(byte),
      size: u64,
      sparse: opt(flag),
    },
    (raw, line) => ({
      op: 'get',
      line,
      vmm: raw.vmm,
      id: raw.id,
      type: raw.type ?? 'addr',
      page: raw.page ?? 0,
      align: raw.align ?? 0,
      size: raw.size,
      sparse: raw.sparse ?? false,
    }),
  ),
  define('put', { vmm, ...address }, (raw, line, fail) => ({
    op: 'put',
    line,
    vmm: raw.vmm,
    at: addressOf(raw, fail),
  })),
  define('map', { vmm, ...address, size: opt(u64), mem: name, offset: opt(u64), ...args }, (raw, line, fail) => ({
    op: 'map',
    line,
    vmm: raw.vmm,
    at: addressOf(raw, fail),
    size: raw.size,
    mem: raw.mem,
    offset: raw.offset ?? 0n,
    args: argumentsOf(raw),
  })),
  define('unmap', { vmm, ...address }, (raw, line, fail) => ({
    op: 'unmap',
    line,
    vmm: raw.vmm,
    at: addressOf(raw, fail),
  })),
  define(
    'pfnmap',
    {
      vmm,
      ...address,
      page,
      pfns: opt(list(u64)),
      pfnRange: opt(tuple('["0x…","0x…", count]', u64, u64, whole(0, MAX_PAGES))),
      size: opt(u64),
    },
    (raw, line, fail) => ({
      op: 'pfnmap',
      line,
      vmm: raw.vmm,
      at: addressOf(raw, fail),
      page: raw.page,
      frames: framesOf(raw, fail),
      size: raw.size,
    }),
  ),
  define('pfnclr', { vmm, ...address, size: u64 }, (raw, line, fail) => ({
    op: 'pfnclr',
    line,
    vmm: raw.vmm,
    at: addressOf(raw, fail),
    size: raw.size,
  })),
  define('join', { vmm, inst: name, size: opt(either(0x10, MAX_INSTANCE)) }, (raw, line, fail) => {
    if (raw.size !== undefined && raw.size % 16 !== 0) fail(`size ${formatHex(raw.size)} is no multiple of 0x10`);
    return { op: 'join', line, vmm: raw.vmm, inst: raw.inst, size: raw.size };
  }),
  define('part', { vmm, inst: name }, (raw, line) => ({ op: 'part', line, vmm: raw.vmm, inst: raw.inst })),
  define('boot', { vmm }, (raw, line) => ({ op: 'boot', line, vmm: raw.vmm })),
  define('rawget', { vmm, addr: u64, size: u64, page }, ({ vmm, addr, size, page }, line) => ({
    op: 'rawget',
    line,
    vmm,
    addr,
    size,
    page,
  })),
  define('rawput', { vmm, addr: u64, size: u64, page }, ({ vmm, addr, size, page }, line) => ({
    op: 'rawput',
    line,
    vmm,
    addr,
    size,
    page,
  })),
  define('rawmap', { vmm, addr: u64, size: u64, page, mem: name, offset: opt(u64), ...args }, (raw, line) => ({
    op: 'rawmap',
    line,
    vmm: raw.vmm,
    addr: raw.addr,
    size: raw.size,
    page: raw.page,
    mem: raw.mem,
    offset: raw.offset ?? 0n,
    args: argumentsOf(raw),
  })),
  define(
    'rawunmap',
    { vmm, addr: u64, size: u64, page, sparse: opt(flag) },
    ({ vmm, addr, size, page, sparse }, line) => ({
      op: 'rawunmap',
      line,
      vmm,
      addr,
      size,
      page,
      sparse: sparse ?? false,
    }),
  ),
  define('rawsparse', { vmm, addr: u64, size: u64, ref: flag }, ({ vmm, addr, size, ref }, line) => ({
    op: 'rawsparse',
    line,
    vmm,
    addr,
    size,
    ref,
  })),
  define('engref', { vmm, engine: name, delta: whole(-0x80000000, 0x7fffffff) }, ({ vmm, engine, delta }, line) => ({
    op: 'engref',
    line,
    vmm,
    engine,
    delta,
  })),
  define('ptcdump', {}, (_raw, line) => ({ op: 'ptcdump', line })),
  define('failalloc', { after: whole(0, Number.MAX_SAFE_INTEGER) }, ({ after }, line) => ({
    op: 'failalloc',
    line,
    after,
  })),
  define('dump', { vmm }, ({ vmm }, line) => ({ op: 'dump', line, vmm })),
  define('close', { vmm }, ({ vmm }, line) => ({ op: 'close', line, vmm })),
]);
