/** A generation as far as fault reports differ. */
export type Generation = 'nv50' | 'gf100' | 'gk104' | 'gm107' | 'gp100' | 'gv100' | 'tu102' | 'gh100';

/** All generations, oldest first. */
export const GENERATIONS: readonly Generation[] = [
  'nv50',
  'gf100',
  'gk104',
  'gm107',
  'gp100',
  'gv100',
  'tu102',
  'gh100',
];

const PREFIXES: readonly (readonly [RegExp, Generation])[] = [
  [/^(?:NV50|NV[89A]\d|G8\d|G9\d|GT21\d|GT200|MCP7\d|MCP8\d|NVA.|MCP)/, 'nv50'],
  [/^(?:GF1\d\d|NVC.|NVD.)/, 'gf100'],
  [/^(?:GK\w{2,3}|NVE.|NVF.|NV10[68])/, 'gk104'],
  [/^(?:GM\w{3}|NV11.|NV12.)/, 'gm107'],
  [/^(?:GP1\w\w|NV13.)/, 'gp100'],
  [/^(?:GV1\w\w|NV14.)/, 'gv100'],
  [/^(?:TU1\d\d|GA1\d\d|AD1\d\d|NV16.|NV17.|NV19.)/, 'tu102'],
  [/^(?:GH1\d\d|GB\w{3}|NV18.|NV1[AB].)/, 'gh100'],
];

/** The generation of a chip named as the driver names it (`GK104`, `GT215`, `nve6`), or of a backend (`mcp77`). */
export function generationOf(chip: string): Generation | undefined {
  const name = chip.toUpperCase();
  for (const [prefix, generation] of PREFIXES) if (prefix.test(name)) return generation;
  return undefined;
}

/** The generation of a chip by its number, bits 28:20 of the boot register. */
export function generationOfId(id: number): Generation | undefined {
  if (id === 0x50 || (id >= 0x80 && id < 0xc0)) return 'nv50';
  if (id >= 0xc0 && id < 0xe0) return 'gf100';
  if ((id >= 0xe0 && id < 0x110) || id === 0x108) return 'gk104';
  if (id >= 0x110 && id < 0x130) return 'gm107';
  if (id >= 0x130 && id < 0x140) return 'gp100';
  if (id >= 0x140 && id < 0x160) return 'gv100';
  if ((id >= 0x160 && id < 0x180) || (id >= 0x190 && id < 0x1a0)) return 'tu102';
  if ((id >= 0x180 && id < 0x190) || (id >= 0x1a0 && id < 0x1c0)) return 'gh100';
  return undefined;
}

/** A chip that a boot line names. */
export interface BootChip {
  /** Name as printed, up to the first blank, such as `GT215`. */
  readonly name: string;
  readonly generation: Generation | undefined;
}

const BOOT = /NVIDIA (\w{2,12}(?: \w{1,12}){0,3}) \(([0-9a-fA-F]{8,9})\)/;
const CHIPSET = /Chipset: (\w{2,12}(?: \w{1,8})?) \((NV\w{1,4})\)/;
const DETECTED = /Detected an (NV\w{2,3}|\w{2,12}) generation card \(0x([0-9a-fA-F]{8})\)/;

/**
 * Reads the chip from a boot line of the driver: `NVIDIA GT215 (0a3180a2)`, `Chipset: GK106 (NVE6)` (kernels 3.7 to
 * 4.2) or `Detected an NVe0 generation card (0x…)` (before).
 */
export function readBootLine(text: string): BootChip | undefined {
  const line = text.length > 300 ? text.slice(0, 300) : text;
  if (!line.includes('nouveau')) return undefined;
  let found = BOOT.exec(line);
  if (found?.[1] !== undefined && found[2] !== undefined) {
    const id = (Number.parseInt(found[2], 16) / 0x100000) & 0x1ff;
    const name = found[1].split(' ')[0] ?? found[1];
    return { name, generation: generationOf(name) ?? generationOfId(id) };
  }
  found = CHIPSET.exec(line);
  if (found?.[1] !== undefined && found[2] !== undefined) {
    const name = found[1].split(' ')[0] ?? found[1];
    return { name, generation: generationOf(found[2]) ?? generationOf(name) };
  }
  found = DETECTED.exec(line);
  if (found?.[1] !== undefined && found[2] !== undefined) {
    const id = (Number.parseInt(found[2], 16) / 0x100000) & 0x1ff;
    return { name: found[1].toUpperCase(), generation: generationOfId(id) };
  }
  return undefined;
}
