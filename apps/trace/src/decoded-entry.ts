import { bigIntToWords, DecodedEntry, findLevel, type LevelFormat, type MmuFormat } from '@nvmmu/vmm-core';
import { Failure } from './failure.js';
import { formatHex } from './values.js';

/** What the driver, and people, call levels that have a name of their own in format T. */
const OTHER_NAMES: Readonly<Record<string, string>> = { spt: 'PT4K', lpt: 'PT64K', pd0: 'PD', pgd: 'PD', pgt: 'PT4K' };

/**
 * A level of a format by name.
 *
 * @throws Failure when there is none.
 */
export function levelNamed(format: MmuFormat, name: string): LevelFormat {
  const index = findLevel(format, name) ?? findLevel(format, OTHER_NAMES[name.toLowerCase()] ?? name);
  const level = format.levels[index ?? -1];
  if (level !== undefined) return level;
  const names = format.levels.map((candidate) => candidate.name).join(', ');
  throw new Failure(`${format.chip} has no level "${name}", only ${names}`);
}

/** What the hardware makes of an entry by itself, as JSON. */
export function decodedJson(format: MmuFormat, level: LevelFormat, value: bigint): object {
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = bigIntToWords(value, 4);
  const entry = new DecodedEntry();
  level.decode(w0, w1, w2, w3, entry);
  const { state } = entry;
  switch (state) {
    case 'page':
      return {
        state,
        addr: formatHex(entry.addr),
        aperture: entry.aperture,
        ...(entry.aperture === 'peer' && { peer: entry.peer }),
        ro: entry.ro,
        priv: entry.priv,
        vol: entry.vol,
        noAtomics: entry.noAtomics,
        kind: entry.kind,
        tag: entry.tag,
        ...(format.version === 'T' && { block: entry.block }),
      };
    case 'table': {
      const { child, childTarget, childAddr, small, smallTarget, smallAddr } = entry;
      const table = (index: number, target: string, addr: number): object => ({
        level: format.levels[index]?.name,
        target,
        addr: formatHex(addr),
      });
      return {
        state,
        tables: [
          ...(child < 0 ? [] : [table(child, childTarget, childAddr)]),
          ...(small < 0 ? [] : [table(small, smallTarget, smallAddr)]),
        ],
      };
    }
    case 'malformed':
      return { state, problem: entry.problem };
    default:
      return { state };
  }
}
