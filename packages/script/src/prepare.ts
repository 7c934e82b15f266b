import type { BumpProvider } from '@nvmmu/ptcache';
import { MemoryObject, VmmError, type Chip, type Mmu, type Vmm } from '@nvmmu/vmm-core';
import { ScriptError } from './errors.js';
import type { Names, ScriptSpace } from './names.js';
import { U64_END, formatHex } from './numbers.js';
import type {
  AddressRef,
  DeviceOperation,
  FrameList,
  JoinOperation,
  MapOperation,
  MemOperation,
  Operation,
  PfnMapOperation,
  RawMapOperation,
  VmmOperation,
} from './operations.js';
import { formatRegions } from './vma-lines.js';

/** An operation whose arguments are ready: `run` does nothing but call the device. */
export interface Prepared {
  /** The call; throws VmmError when it is refused. Absent when there is nothing to call. */
  run?(): void;
  /** Runs after a call that was not refused, and binds names. */
  done?(): void;
  /** Runs after a call that was refused. */
  failed?(error: VmmError): void;
  /** What a `get` returned. */
  addr?: bigint;
  /** The frame words of a `pfnmap`. */
  pfns?: BigUint64Array;
  /** The lines of a `dump`. */
  vmas?: readonly string[];
}

/** The device that a script runs on. */
export interface Device {
  readonly mmu: Mmu;
  readonly provider: BumpProvider;
  readonly chip: Chip;
}

/** What preparing an operation needs to know about the run. */
export interface Machine {
  readonly names: Names;
  device: Device | undefined;
  current: ScriptSpace | undefined;
  readonly makeDevice: (operation: DeviceOperation) => Device;
  readonly memoryId: (memory: MemoryObject) => string | undefined;
  readonly nameMemory: (memory: MemoryObject, id: string) => void;
}

function deviceOf(machine: Machine, { line, op }: Operation): Device {
  if (machine.device !== undefined) return machine.device;
  throw new ScriptError({ line, op }, 'the operation comes before "device"');
}

function spaceOf(machine: Machine, operation: Operation & { readonly vmm: string | undefined }): ScriptSpace {
  const { line, op, vmm: id } = operation;
  deviceOf(machine, operation);
  const space = id === undefined ? machine.current : machine.names.spaces.get(id, op, line);
  if (space === undefined) throw new ScriptError({ line, op }, 'there is no address space');
  if (space.closed !== undefined) {
    throw new ScriptError({ line, op, id: space.id }, `address space "${space.id}" was closed on line ${space.closed}`);
  }
  return space;
}

function addressOf(machine: Machine, { op, line, at }: Operation & { readonly at: AddressRef }): bigint {
  if ('addr' in at) return at.addr;
  const sum = machine.names.addresses.get(at.vma, op, line) + at.delta;
  if (sum >= U64_END) {
    throw new ScriptError({ line, op, id: at.vma }, `address ${formatHex(sum)} does not fit 64 bits`);
  }
  return sum;
}

/** The frame words as an array of their own, since a map sets refused ones to 0. */
function framesOf(frames: FrameList): BigUint64Array<ArrayBuffer> {
  if ('list' in frames) return BigUint64Array.from(frames.list);
  const words = new BigUint64Array(frames.count);
  let word = frames.first;
  for (let i = 0; i < words.length; i++) {
    words[i] = word;
    word += frames.step;
  }
  return words;
}

function makeMemory(operation: MemOperation): MemoryObject {
  const { layout, line, op, id } = operation;
  const target = operation.target === 'vram' ? 'host' : operation.target;
  try {
    switch (layout.kind) {
      case 'extents':
        return MemoryObject.video(layout.pieces, { page: layout.page, type: layout.type });
      case 'sgl':
        return MemoryObject.scatter(target, layout.pieces);
      case 'dma':
        return MemoryObject.pages(target, layout.addrs);
      case 'dmaRange':
        return MemoryObject.pageRange(target, layout.addr, layout.pages);
    }
  } catch (error) {
    if (error instanceof VmmError) throw new ScriptError({ line, op, id }, error.message, { cause: error });
    throw error;
  }
}

function prepareDevice(machine: Machine, operation: DeviceOperation): Prepared {
  if (machine.device !== undefined) {
    throw new ScriptError({ line: operation.line, op: 'device' }, 'there is a device already');
  }
  return {
    done: () => {
      machine.device = machine.makeDevice(operation);
    },
  };
}

function prepareVmm(machine: Machine, operation: VmmOperation): Prepared {
  const { mmu } = deviceOf(machine, operation);
  const { id, line, name, type, addr, size, bigPage, replay } = operation;
  machine.names.spaces.checkFree(id, 'vmm', line);
  const options = {
    name,
    type,
    addr,
    size,
    ...(bigPage !== undefined && { bigPage }),
    ...(replay !== undefined && { replay }),
  };
  let vmm: Vmm | undefined;
  return {
    run: () => {
      vmm = mmu.createSpace(options);
    },
    done: () => {
      if (vmm === undefined) return;
      const space: ScriptSpace = { id, vmm, line, closed: undefined };
      machine.names.spaces.bind(id, space, line);
      machine.current = space;
    },
    failed: (error) => {
      machine.names.spaces.fail(id, line, error.message);
    },
  };
}

function prepareMap(machine: Machine, operation: MapOperation): Prepared {
  const { vmm } = spaceOf(machine, operation);
  const { op, line, mem, size, offset, args } = operation;
  const memory = machine.names.memories.get(mem, op, line);
  const addr = addressOf(machine, operation);
  const options = { offset, ...(size !== undefined && { size }), ...(args !== undefined && { args }) };
  return {
    run: () => {
      vmm.map(addr, memory, options);
    },
  };
}

function prepareRawMap(machine: Machine, operation: RawMapOperation): Prepared {
  const { raw } = spaceOf(machine, operation).vmm;
  const { op, line, addr, size, page, mem, offset, args } = operation;
  const memory = machine.names.memories.get(mem, op, line);
  const options = { offset, ...(args !== undefined && { args }) };
  return {
    run: () => {
      raw.map(addr, size, page, memory, options);
    },
  };
}

function preparePfnMap(machine: Machine, operation: PfnMapOperation): Prepared {
  const { vmm } = spaceOf(machine, operation);
  const addr = addressOf(machine, operation);
  const { page, size } = operation;
  const pfns = framesOf(operation.frames);
  const options = size === undefined ? {} : { size };
  return {
    pfns,
    run: () => {
      vmm.pfnMap(addr, page, pfns, options);
    },
  };
}

function prepareJoin(machine: Machine, operation: JoinOperation): Prepared {
  const { mmu, chip } = deviceOf(machine, operation);
  const { vmm } = spaceOf(machine, operation);
  const { inst, line } = operation;
  machine.names.instances.checkFree(inst, 'join', line);
  // The nv50 family keeps the page directory in the instance block, which is larger for that.
  const size = operation.size ?? (NV50_FAMILY.has(chip.name) ? 0x6000 : 0x1000);
  return {
    run: () => {
      const block = mmu.createInstanceBlock(size);
      machine.names.instances.bind(inst, block, line);
      vmm.join(block);
    },
  };
}

const NV50_FAMILY: ReadonlySet<string> = new Set(['nv50', 'g84', 'mcp77']);

/**
 * Looks up everything that an operation names and makes its call ready.
 *
 * @throws ScriptError when the operation refers to something that is not there, or redefines something.
 */
export function prepare(machine: Machine, operation: Operation): Prepared {
  const { names } = machine;
  switch (operation.op) {
    case 'device':
      return prepareDevice(machine, operation);
    case 'vmm':
      return prepareVmm(machine, operation);
    case 'mem': {
      deviceOf(machine, operation);
      const { id, line } = operation;
      names.memories.checkFree(id, 'mem', line);
      const memory = makeMemory(operation);
      names.memories.bind(id, memory, line);
      machine.nameMemory(memory, id);
      return {};
    }
    case 'get': {
      const { vmm } = spaceOf(machine, operation);
      const { id, line, size, type, page, align, sparse } = operation;
      const options = { type, page, align, sparse };
      const prepared: Prepared = {
        run: () => {
          prepared.addr = vmm.get(size, options);
        },
        done: () => {
          if (prepared.addr !== undefined) names.addresses.bind(id, prepared.addr, line);
        },
        failed: (error) => {
          names.addresses.fail(id, line, error.message);
        },
      };
      return prepared;
    }
    case 'put': {
      const { vmm } = spaceOf(machine, operation);
      const addr = addressOf(machine, operation);
      return {
        run: () => {
          vmm.put(addr);
        },
      };
    }
    case 'map':
      return prepareMap(machine, operation);
    case 'unmap': {
      const { vmm } = spaceOf(machine, operation);
      const addr = addressOf(machine, operation);
      return {
        run: () => {
          vmm.unmap(addr);
        },
      };
    }
    case 'pfnmap':
      return preparePfnMap(machine, operation);
    case 'pfnclr': {
      const { vmm } = spaceOf(machine, operation);
      const addr = addressOf(machine, operation);
      const { size } = operation;
      return {
        run: () => {
          vmm.pfnClear(addr, size);
        },
      };
    }
    case 'join':
      return prepareJoin(machine, operation);
    case 'part': {
      const { vmm } = spaceOf(machine, operation);
      const block = names.instances.get(operation.inst, 'part', operation.line);
      return {
        run: () => {
          vmm.part(block);
        },
      };
    }
    case 'boot': {
      const { vmm } = spaceOf(machine, operation);
      return {
        run: () => {
          vmm.boot();
        },
      };
    }
    case 'rawget':
    case 'rawput': {
      const { raw } = spaceOf(machine, operation).vmm;
      const { op, addr, size, page } = operation;
      return {
        run: () => {
          if (op === 'rawget') raw.get(addr, size, page);
          else raw.put(addr, size, page);
        },
      };
    }
    case 'rawmap':
      return prepareRawMap(machine, operation);
    case 'rawunmap': {
      const { raw } = spaceOf(machine, operation).vmm;
      const { addr, size, page, sparse } = operation;
      return {
        run: () => {
          raw.unmap(addr, size, page, sparse);
        },
      };
    }
    case 'rawsparse': {
      const { raw } = spaceOf(machine, operation).vmm;
      const { addr, size, ref } = operation;
      return {
        run: () => {
          raw.sparse(addr, size, ref);
        },
      };
    }
    case 'engref': {
      const { vmm } = spaceOf(machine, operation);
      const { engine, delta } = operation;
      return {
        run: () => {
          vmm.engine(engine, delta);
        },
      };
    }
    case 'ptcdump': {
      const { mmu } = deviceOf(machine, operation);
      return {
        run: () => {
          mmu.dumpTableCache();
        },
      };
    }
    case 'failalloc': {
      const { provider } = deviceOf(machine, operation);
      const { after } = operation;
      return {
        done: () => {
          provider.failAfter(after);
        },
      };
    }
    case 'dump': {
      const { vmm } = spaceOf(machine, operation);
      const prepared: Prepared = {
        done: () => {
          prepared.vmas = formatRegions(vmm, machine.memoryId);
        },
      };
      return prepared;
    }
    case 'close': {
      const space = spaceOf(machine, operation);
      const { line } = operation;
      return {
        run: () => {
          space.vmm.close();
        },
        done: () => {
          names.spaces.rebind(space.id, { ...space, closed: line });
          if (machine.current === space) machine.current = undefined;
        },
      };
    }
  }
}
