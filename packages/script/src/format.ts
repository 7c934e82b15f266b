import type { MapArguments } from '@nvmmu/vmm-core';
import { formatHex } from './numbers.js';
import type { AddressRef, FrameList, MemOperation, Operation, ScriptHeader } from './operations.js';

type Fields = Record<string, unknown>;

const hex = (value: bigint | undefined): string | undefined => (value === undefined ? undefined : formatHex(value));

/** A flag or number that is left out when it has its default. */
const unless = <T>(value: T, standard: T): T | undefined => (value === standard ? undefined : value);

function addressFields(at: AddressRef): Fields {
  if ('addr' in at) return { addr: formatHex(at.addr) };
  return { vma: at.vma, delta: at.delta === 0n ? undefined : formatHex(at.delta) };
}

function argumentFields(args: MapArguments | undefined): Fields {
  return args === undefined ? {} : { kind: args.kind, ro: args.ro, priv: args.priv, vol: args.vol, comp: args.comp };
}

function frameFields(frames: FrameList): Fields {
  if ('list' in frames) return { pfns: frames.list.map(formatHex) };
  return { pfnRange: [formatHex(frames.first), formatHex(frames.step), frames.count] };
}

function memoryFields({ layout }: MemOperation): Fields {
  switch (layout.kind) {
    case 'extents':
      return {
        page: unless(layout.page, 12),
        type: unless(layout.type, 1),
        extents: layout.pieces.map((piece) => piece.map(formatHex)),
      };
    case 'sgl':
      return { sgl: layout.pieces.map((piece) => piece.map(formatHex)) };
    case 'dma':
      return { dma: layout.addrs.map(formatHex) };
    case 'dmaRange':
      return { dmaRange: [formatHex(layout.addr), layout.pages] };
  }
}

function fieldsOf(operation: Operation): Fields {
  switch (operation.op) {
    case 'device':
      return {
        chip: operation.chip,
        ptTarget: operation.ptTarget,
        ptBase: hex(unless(operation.ptBase, 0x100000n)),
        fbPage: unless(operation.fbPage, 17),
        tags: unless(operation.tags, 0),
        stolen: hex(unless(operation.stolen, 0n)),
      };
    case 'vmm':
      return {
        id: operation.id,
        name: unless(operation.name, 'user'),
        managed: operation.type === 'managed' ? true : undefined,
        raw: operation.type === 'raw' ? true : undefined,
        addr: hex(unless(operation.addr, 0n)),
        size: hex(unless(operation.size, 0n)),
        bigPage: operation.bigPage,
        replay: operation.replay,
      };
    case 'mem':
      return { id: operation.id, target: operation.target, ...memoryFields(operation) };
    case 'get':
      return {
        vmm: operation.vmm,
        id: operation.id,
        type: unless(operation.type, 'addr'),
        page: unless(operation.page, 0),
        align: unless(operation.align, 0),
        size: formatHex(operation.size),
        sparse: unless(operation.sparse, false),
      };
    case 'put':
    case 'unmap':
      return { vmm: operation.vmm, ...addressFields(operation.at) };
    case 'map':
      return {
        vmm: operation.vmm,
        ...addressFields(operation.at),
        size: hex(operation.size),
        mem: operation.mem,
        offset: hex(unless(operation.offset, 0n)),
        ...argumentFields(operation.args),
      };
    case 'pfnmap':
      return {
        vmm: operation.vmm,
        ...addressFields(operation.at),
        page: operation.page,
        ...frameFields(operation.frames),
        size: hex(operation.size),
      };
    case 'pfnclr':
      return { vmm: operation.vmm, ...addressFields(operation.at), size: formatHex(operation.size) };
    case 'join':
      return { vmm: operation.vmm, inst: operation.inst, size: operation.size };
    case 'part':
      return { vmm: operation.vmm, inst: operation.inst };
    case 'boot':
    case 'dump':
    case 'close':
      return { vmm: operation.vmm };
    case 'rawget':
    case 'rawput':
      return {
        vmm: operation.vmm,
        addr: formatHex(operation.addr),
        size: formatHex(operation.size),
        page: operation.page,
      };
    case 'rawmap':
      return {
        vmm: operation.vmm,
        addr: formatHex(operation.addr),
        size: formatHex(operation.size),
        page: operation.page,
        mem: operation.mem,
        offset: hex(unless(operation.offset, 0n)),
        ...argumentFields(operation.args),
      };
    case 'rawunmap':
      return {
        vmm: operation.vmm,
        addr: formatHex(operation.addr),
        size: formatHex(operation.size),
        page: operation.page,
        sparse: unless(operation.sparse, false),
      };
    case 'rawsparse':
      return {
        vmm: operation.vmm,
        addr: formatHex(operation.addr),
        size: formatHex(operation.size),
        ref: operation.ref,
      };
    case 'engref':
      return { vmm: operation.vmm, engine: operation.engine, delta: operation.delta };
    case 'ptcdump':
      return {};
    case 'failalloc':
      return { after: operation.after };
  }
}

/** Line 1 of a script, without a line end. */
export function formatHeader(header: ScriptHeader): string {
  return JSON.stringify({ format: 'vmm-script', version: 1, title: header.title });
}

/** The line of an operation, without a line end. Keys that have their default are left out. */
export function formatOperation(operation: Operation): string {
  return JSON.stringify({ op: operation.op, ...fieldsOf(operation) });
}
