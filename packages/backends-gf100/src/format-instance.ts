import { field, fieldValue, type InstanceFormat, type InstanceResult, type MmuFormat } from '@nvmmu/vmm-core';

const TARGET = field('target', 1, 0, 'memory that holds the directory', {
  values: { 0: 'video memory', 1: 'invalid', 2: 'coherent system memory', 3: 'non-coherent system memory' },
});
const INSTANCE_VOL = field('vol', 2, 2, 'the directory is not cached');
const BIG_PAGE = field('big-page', 11, 11, 'big pages (GM20x)', { values: { 0: '128 KiB', 1: '64 KiB' } });
const DIRECTORY = field('addr', 39, 12, 'address of the directory', { shift: 12 });
const LIMIT = field('limit', 39, 0, 'last valid address');

const DIRECTORY_OFFSET = 0x200;
const LIMIT_OFFSET = 0x208;
const TARGETS = ['vram', undefined, 'host', 'ncoh'] as const;

/** How instance blocks of these chips name the page directory; on GM20x they choose the big page too. */
export function instanceFormat(gm20x: boolean, withBigPage: (shift: 16 | 17) => MmuFormat): InstanceFormat {
  return {
    bytes: LIMIT_OFFSET + 8,
    words: [
      { offset: DIRECTORY_OFFSET, fields: [TARGET, INSTANCE_VOL, ...(gm20x ? [BIG_PAGE] : []), DIRECTORY] },
      { offset: LIMIT_OFFSET, fields: [LIMIT] },
    ],
    subcontexts: 0,
    decode: (inst, read): InstanceResult => {
      const read64 = (offset: number): bigint | undefined => {
        const lo = read(offset);
        const hi = read(offset + 4);
        return lo === undefined || hi === undefined ? undefined : (BigInt(hi) << 32n) | BigInt(lo);
      };
      const word = read64(DIRECTORY_OFFSET);
      const limit = read64(LIMIT_OFFSET);
      if (word === undefined) return { kind: 'unreadable', addr: inst.addr + BigInt(DIRECTORY_OFFSET) };
      if (limit === undefined) return { kind: 'unreadable', addr: inst.addr + BigInt(LIMIT_OFFSET) };
      const target = TARGETS[Number(fieldValue(TARGET, word))];
      if (target === undefined) return { kind: 'unbound', why: 'the target of the directory is 1, invalid' };
      return {
        kind: 'root',
        target,
        addr: fieldValue(DIRECTORY, word) << 12n,
        // The low 12 bits count as ones.
        limit: fieldValue(LIMIT, limit) | 0xfffn,
        ...(gm20x ? { format: withBigPage(fieldValue(BIG_PAGE, word) === 1n ? 16 : 17) } : {}),
      };
    },
  };
}
