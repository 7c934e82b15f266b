import type { MemoryObject, Vmm } from '@nvmmu/vmm-core';
import { formatHex16 } from './numbers.js';

/** The regions of an address space as a `dump` reports them, one line each. */
export function formatRegions(vmm: Vmm, nameOf: (memory: MemoryObject) => string | undefined): string[] {
  const lines: string[] = [];
  for (const region of vmm.regions()) {
    const flags =
      (region.used ? '-' : 'F') +
      (region.mapref ? 'R' : '-') +
      (region.sparse ? 'S' : '-') +
      String(region.page ?? '-') +
      String(region.refd ?? '-') +
      (region.part ? 'P' : '-') +
      (region.busy ? 'B' : '-') +
      (region.mapped ? 'M' : '-');
    const memory = region.memory === undefined ? '-' : (nameOf(region.memory) ?? '?');
    lines.push(`${formatHex16(region.addr)} ${formatHex16(region.size)} ${flags} ${memory}`);
  }
  return lines;
}
