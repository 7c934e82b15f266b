import { accessName, clientName, engineName, reasonName, splitNv50Status } from './decoded.js';
import type { Generation } from './chips.js';
import { hexValue } from './match.js';
import { nv50Subclient } from './tables-nv50.js';

/** A fault report as the hardware gives it, with the names that the driver prints; unnamed numbers have none. */
export interface HardwareReport {
  address: string;
  inst: string;
  engine: number;
  engine_name?: string;
  client: number;
  client_name?: string;
  /** True for a hub client, false for one in a GPC; nv50 has no such split. */
  hub?: boolean;
  gpc?: number;
  subclient?: number;
  subclient_name?: string;
  reason: number;
  reason_name?: string;
  access: number;
  access_name?: string;
  /** False where the entry or the register says that it holds no fault. */
  valid?: boolean;
  replayable?: boolean;
  /** 0 video memory, 2 coherent, 3 non-coherent; of the instance block. */
  inst_aperture?: number;
}

const bits = (word: number, high: number, low: number): number => (word >>> low) & (2 ** (high - low + 1) - 1);
const join = (high: number, low: number): string =>
  hexValue((high >>> 0).toString(16) + (low >>> 0).toString(16).padStart(8, '0'));

function optional<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return (value === undefined ? {} : { [key]: value }) as Partial<Record<K, string>>;
}

/**
 * Reads the six 16-bit words T0 to T5 of an nv50-family report. `wide` is true for the chips that pack T0 into bytes:
 * chipset 0xa3 and later, but for 0xaa and 0xac.
 */
export function readNv50Report(words: readonly number[], wide: boolean): HardwareReport {
  const [t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0, t5 = 0] = words;
  const { engine, reason, client, subclient } = splitNv50Status(t0, wide);
  // 40 bits: T5[7:0], T4, T3.
  const address = hexValue(
    (t5 & 0xff).toString(16) + ((t4 & 0xffff) * 0x10000 + (t3 & 0xffff)).toString(16).padStart(8, '0'),
  );
  const access = (t5 >>> 8) & 1;
  return {
    address,
    inst: hexValue(((((t2 << 16) | (t1 & 0xffff)) << 12) >>> 0).toString(16)),
    engine,
    client,
    subclient,
    reason,
    access,
    ...optional('engine_name', engineName('nv50', engine)),
    ...optional('client_name', clientName('nv50', client, false)),
    ...optional('subclient_name', nv50Subclient(engine, client, subclient)),
    ...optional('reason_name', reasonName('nv50', reason)),
    ...optional('access_name', accessName('nv50', access)),
  };
}

/**
 * Reads the four registers of one unit, `[instance >> 12, address low, address high, type]`, of gf100 to gp100. `unit`
 * is the fault id of the engine.
 */
export function readUnitReport(
  generation: 'gf100' | 'gk104' | 'gm107' | 'gp100',
  unit: number,
  registers: readonly number[],
): HardwareReport {
  const [instance = 0, low = 0, high = 0, type = 0] = registers;
  const pascal = generation === 'gp100';
  const reason = pascal ? bits(type, 4, 0) : bits(type, 3, 0);
  const hub = bits(type, pascal ? 20 : 6, pascal ? 20 : 6) === 1;
  const access = pascal ? bits(type, 18, 16) : bits(type, 7, 7);
  const client = pascal ? bits(type, 14, 8) : generation === 'gm107' ? bits(type, 13, 8) : bits(type, 12, 8);
  return {
    address: join(high, low),
    inst: hexValue(`${(instance >>> 0).toString(16)}000`),
    engine: unit,
    client,
    hub,
    ...(hub ? {} : { gpc: bits(type, 28, 24) }),
    reason,
    access,
    ...optional('engine_name', engineName(generation, unit)),
    ...optional('client_name', clientName(generation, client, !hub)),
    ...optional('reason_name', reasonName(generation, reason)),
    ...optional('access_name', accessName(generation, access)),
  };
}

function voltaReport(
  generation: Generation,
  inst: string,
  aperture: number,
  address: string,
  engine: number,
  info: number,
): HardwareReport {
  const client = bits(info, 14, 8);
  const hub = bits(info, 20, 20) === 1;
  const reason = bits(info, 4, 0);
  const access = bits(info, 19, 16);
  return {
    address,
    inst,
    inst_aperture: aperture,
    engine,
    client,
    hub,
    ...(hub ? {} : { gpc: bits(info, 28, 24) }),
    reason,
    access,
    valid: bits(info, 31, 31) === 1,
    replayable: bits(info, 7, 7) === 1,
    ...optional('engine_name', engineName(generation, engine)),
    ...optional('client_name', clientName(generation, client, !hub)),
    ...optional('reason_name', reasonName(generation, reason)),
    ...optional('access_name', accessName(generation, access)),
  };
}

/** Reads a 32-byte entry of a fault buffer of gv100 and later: eight 32-bit words. */
export function readBufferEntry(generation: 'gv100' | 'tu102' | 'gh100', words: readonly number[]): HardwareReport {
  const [instLow = 0, instHigh = 0, low = 0, high = 0, , , engine = 0, info = 0] = words;
  return voltaReport(
    generation,
    join(instHigh, (instLow & ~0xfff) >>> 0),
    bits(instLow, 9, 8),
    join(high, (low & ~0xfff) >>> 0),
    bits(engine, 8, 0),
    info,
  );
}

/**
 * Reads the registers of a fault that is not buffered, of gv100 (0x100e4c to 0x100e5c) and tu102 (0xb83080 to
 * 0xb83090): address low, address high, instance low, instance high, information.
 */
export function readFaultRegisters(
  generation: 'gv100' | 'tu102' | 'gh100',
  registers: readonly number[],
): HardwareReport {
  const [low = 0, high = 0, instLow = 0, instHigh = 0, info = 0] = registers;
  return voltaReport(
    generation,
    join(instHigh, (instLow & ~0xfff) >>> 0),
    bits(instLow, 11, 10),
    join(high, (low & ~0xfff) >>> 0),
    bits(instLow, 8, 0),
    info,
  );
}
