import { formatOf, type PageFormat } from './layouts.js';
import { generationOf, type Generation } from './chips.js';
import type { FaultFields, Form } from './record.js';
import { reasonOfId, reasonOfName, type ReasonCode } from './reasons.js';
import { GF100_ENGINES, GF100_GPC_CLIENTS, GF100_HUB_CLIENTS, GF100_REASONS } from './tables-gf100.js';
import {
  GK104_ENGINES,
  GK104_GPC_CLIENTS,
  GK104_HUB_CLIENTS,
  GK104_REASONS,
  GM107_ENGINES,
  GP100_ENGINES,
} from './tables-gk104.js';
import {
  GV100_ACCESSES,
  GV100_ENGINES,
  GV100_GPC_CLIENTS,
  GV100_HUB_CLIENTS,
  GV100_REASONS,
  TU102_ENGINES,
  TU102_HEADER_ENGINES,
  TU102_HEADER_HUB_CLIENTS,
} from './tables-gv100.js';
import { NV50_CLIENTS, NV50_ENGINES, NV50_REASONS, nv50Subclient } from './tables-nv50.js';
import { accessKind, clientClass, type ClientClass, engineClass, type EngineClass } from './units.js';

/** Where the knowledge of the chip comes from: a boot line of the log, the caller, or only the shape of the line. */
export type ChipSource = 'log' | 'option' | 'shape';

/** What the decoder makes of a fault line. */
export interface Decoded {
  /** Chip as the log or the caller names it. */
  chip?: string;
  chip_source: ChipSource;
  /** All generations that fit, oldest first; one if the chip is known. */
  generations: Generation[];
  /** Page-table formats of these generations. */
  formats: PageFormat[];
  access: 'read' | 'write' | 'atomic' | 'prefetch' | 'unknown';
  /** True where the address is a physical one. */
  physical: boolean;
  engine: EngineClass;
  client: ClientClass;
  reason: ReasonCode;
  /** Names from the tables where the line prints none. */
  engine_name?: string;
  client_name?: string;
  subclient_name?: string;
  reason_name?: string;
}

/** What is known about the chip from outside the line. */
export interface KnownChip {
  readonly name: string;
  readonly source: 'log' | 'option';
  readonly generation: Generation | undefined;
}

/** Makes a known chip of a name given by the caller. */
export function chipOption(name: string): KnownChip {
  return { name, source: 'option', generation: generationOf(name) };
}

const OLD_NAMES = /^(?:P(?:GRAPH|FIFO|COPY\d?|CE\d|MS\w+|VLD|VP|BSP|PPP|PDEC|DAEMON|COUNTER|EEPHOLE)|BAR3|PEEPHOLE)$/;
const OLD_REASONS =
  /^(?:PT_NOT_PRESENT|PT_TOO_SHORT|PAGE_NOT_PRESENT|VM_LIMIT_EXCEEDED|NO_CHANNEL|PAGE_SYSTEM_ONLY|PAGE_READ_ONLY|COMPRESSED_SYSRAM|INVALID_STORAGE_TYPE)$/;

/** The generations whose driver can have printed a line, from its shape and names. */
export function generationsOf(form: Form, fields: FaultFields): Generation[] {
  const engine = fields.engine ?? '';
  const reason = fields.reason ?? '';
  const access = fields.access ?? '';
  switch (form) {
    case 'nv50':
      return ['nv50'];
    case 'E[PFIFO]':
      if (OLD_NAMES.test(engine)) return ['gf100'];
      // Early gk104 kernels printed gf100's reason names.
      return OLD_REASONS.test(reason) ? ['gf100', 'gk104'] : ['gk104'];
    case 'gf100':
    case 'gk104+': {
      if (/^(?:VIRT|PHYS)_/.test(access)) {
        const id = fields.engine_id === undefined ? -1 : Number.parseInt(fields.engine_id, 16);
        if (/^BAR\d$/i.test(engine)) return id >= 0x80 ? ['tu102'] : ['gv100'];
        return ['gv100', 'tu102'];
      }
      if (OLD_NAMES.test(engine) || OLD_REASONS.test(reason)) return ['gf100'];
      if (/^PHYSICAL$|^HOST(?:8|9|10)$/.test(engine)) return ['gp100'];
      return ['gk104', 'gm107', 'gp100'];
    }
    case 'gsp-rc':
    case 'gsp-xid31':
      return ['tu102', 'gh100'];
    case 'mmu-debug':
      return ['tu102', 'gh100'];
    case 'nvlink':
      return ['gp100', 'gv100', 'tu102', 'gh100'];
    case 'xid31': {
      const wide = BigInt(fields.address_value ?? '0x0') >> 40n !== 0n;
      if (/^ACCESS_TYPE_(?:VIRT|PHYS)_/.test(access)) return ['gv100', 'tu102', 'gh100'];
      if (/^ACCESS_TYPE_/.test(access)) return wide ? ['gp100'] : ['gf100', 'gk104', 'gm107', 'gp100'];
      if (fields.address === undefined) return ['gf100', 'gk104', 'gm107', 'gp100', 'gv100', 'tu102', 'gh100'];
      return ['gp100', 'gv100', 'tu102', 'gh100'];
    }
  }
}

const number = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number.parseInt(digits, 16);

/** The name of an engine in the tables of a generation, or what NVIDIA's header calls it. */
export function engineName(generation: Generation, id: number): string | undefined {
  switch (generation) {
    case 'nv50':
      return NV50_ENGINES.get(id);
    case 'gf100':
      return GF100_ENGINES.get(id);
    case 'gk104':
      return GK104_ENGINES.get(id);
    case 'gm107':
      // Graphics, copy and video engines kept the numbers of gk104.
      return GM107_ENGINES.get(id) ?? GK104_ENGINES.get(id);
    case 'gp100':
      return GP100_ENGINES.get(id);
    case 'gv100':
      if (id >= 0x40 && id < 0x80) return 'GR';
      if (id >= 0x0f && id <= 0x17) return `CE${id - 0x0f}`;
      return GV100_ENGINES.get(id);
    case 'tu102':
    case 'gh100':
      if (id >= 0x40 && id < 0x80) return 'GR';
      if (id > 0x80 && id < 0xc0) return 'BAR1';
      if (id > 0xc0 && id <= 0xff) return 'BAR2';
      return TU102_ENGINES.get(id) ?? TU102_HEADER_ENGINES.get(id);
  }
}

/** The name of a client, on the hub or in a GPC, in the tables of a generation. */
export function clientName(generation: Generation, id: number, gpc: boolean): string | undefined {
  switch (generation) {
    case 'nv50':
      return NV50_CLIENTS.get(id);
    case 'gf100':
      return (gpc ? GF100_GPC_CLIENTS : GF100_HUB_CLIENTS).get(id);
    case 'gk104':
    case 'gm107':
    case 'gp100':
      return (gpc ? GK104_GPC_CLIENTS : GK104_HUB_CLIENTS).get(id);
    case 'gv100':
      return (gpc ? GV100_GPC_CLIENTS : GV100_HUB_CLIENTS).get(id);
    case 'tu102':
    case 'gh100':
      return gpc ? GV100_GPC_CLIENTS.get(id) : (GV100_HUB_CLIENTS.get(id) ?? TU102_HEADER_HUB_CLIENTS.get(id));
  }
}

/** The name that the driver prints for a reason number of a generation. */
export function reasonName(generation: Generation, id: number): string | undefined {
  switch (generation) {
    case 'nv50':
      return NV50_REASONS.get(id);
    case 'gf100':
      return GF100_REASONS.get(id);
    case 'gk104':
    case 'gm107':
    case 'gp100':
      return GK104_REASONS.get(id);
    case 'gv100':
    case 'tu102':
    case 'gh100':
      return GV100_REASONS.get(id);
  }
}

/** The name that the driver prints for an access number of a generation. */
export function accessName(generation: Generation, id: number): string | undefined {
  switch (generation) {
    case 'nv50':
      return id === 1 ? 'read' : 'write';
    case 'gf100':
      return id === 0 ? 'read' : id === 1 ? 'write' : undefined;
    case 'gk104':
    case 'gm107':
    case 'gp100':
      return id === 0 ? 'READ' : id === 1 ? 'WRITE' : undefined;
    case 'gv100':
    case 'tu102':
    case 'gh100':
      return GV100_ACCESSES.get(id);
  }
}

/** One name that all generations agree on, or nothing. */
function agreed(generations: readonly Generation[], of: (g: Generation) => string | undefined): string | undefined {
  const found = new Set(generations.map(of).filter((n) => n !== undefined));
  return found.size === 1 ? [...found][0] : undefined;
}

// NV2080 engine types as firmware recovery lines print them: graphics 1 to 8, copy 9 to 18, then video and others.
function firmwareEngine(id: number): string | undefined {
  if (id >= 1 && id <= 8) return `GR${id - 1}`;
  if (id >= 9 && id <= 18) return `CE${id - 9}`;
  if (id >= 19 && id <= 26) return `NVDEC${id - 19}`;
  if (id >= 27 && id <= 29) return `NVENC${id - 27}`;
  return undefined;
}

/** Splits the status word of the oldest nv50 form, or T0 of the hardware report, by chipset. */
export function splitNv50Status(
  status: number,
  wide: boolean,
): { engine: number; reason: number; client: number; subclient: number } {
  const step = wide ? 8 : 4;
  const mask = wide ? 0xff : 0xf;
  return {
    engine: status & mask,
    reason: (status >>> step) & mask,
    client: (status >>> (2 * step)) & mask,
    subclient: (status >>> (3 * step)) & mask,
  };
}

/** Says whether an nv50-family chip packs the report into bytes (from GT215 on, but for MCP77 and MCP79). */
export function nv50WideStatus(chip: string): boolean {
  return /^(?:GT21\d|NVA[3-9BD-F]|MCP89)$/i.test(chip);
}

/** Works out what a fault line means, given what is known about the chip. */
export function decode(form: Form, fields: FaultFields, chip: KnownChip | undefined): Decoded {
  const generation = chip?.generation;
  const generations = generation === undefined ? generationsOf(form, fields) : [generation];
  const decoded: Decoded = {
    chip_source: generation === undefined ? 'shape' : (chip?.source ?? 'shape'),
    generations,
    formats: [...new Set(generations.map(formatOf))],
    access: 'unknown',
    physical: false,
    engine: 'unknown',
    client: 'unknown',
    reason: 'unknown',
  };
  if (chip !== undefined && generation !== undefined) decoded.chip = chip.name;

  let engine = number(fields.engine_id);
  let client = number(fields.client_id);
  let subclient = number(fields.subclient_id);
  let reason = number(fields.reason_id);
  if (fields.status !== undefined) {
    const split = splitNv50Status(Number.parseInt(fields.status, 16), chip !== undefined && nv50WideStatus(chip.name));
    ({ engine, client, subclient, reason } = split);
  }
  const family = generations[0];

  const access = accessKind(fields.access ?? '');
  decoded.access = access.kind;
  decoded.physical = access.physical;

  let named = fields.engine ?? '';
  if (named === '' && engine !== undefined) {
    const id = engine;
    const found = form === 'gsp-rc' ? firmwareEngine(id) : agreed(generations, (g) => engineName(g, id));
    if (found !== undefined) decoded.engine_name = named = found;
  }
  decoded.engine = engineClass(named).class;

  named = fields.client ?? '';
  if (named === '' && client !== undefined) {
    const id = client;
    const found = agreed(generations, (g) => clientName(g, id, fields.gpc !== undefined));
    if (found !== undefined) decoded.client_name = named = found;
  }
  decoded.client = clientClass(named).class;

  if ((fields.subclient ?? '') === '' && family === 'nv50' && engine !== undefined && client !== undefined) {
    const found = subclient === undefined ? undefined : nv50Subclient(engine, client, subclient);
    if (found !== undefined) decoded.subclient_name = found;
  }

  if (fields.reason !== undefined && fields.reason !== '') decoded.reason = reasonOfName(fields.reason, generations);
  else if (reason !== undefined) {
    const id = reason;
    decoded.reason = reasonOfId(id, generations);
    const found = agreed(generations, (g) => reasonName(g, id));
    if (found !== undefined) decoded.reason_name = found;
  }
  return decoded;
}
