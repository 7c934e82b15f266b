import type { WalkResult } from '@nvmmu/vmm-core';
import { hex, shiftName } from './text.js';

/** How a walk ended, in words. */
export function resultText(result: WalkResult): string {
  switch (result.kind) {
    case 'mapped': {
      const flags = [
        ...(result.ro ? ['read-only'] : []),
        ...(result.priv ? ['privileged'] : []),
        ...(result.vol ? ['volatile'] : []),
        ...(result.storageKind === 0 ? [] : [`kind ${hex(result.storageKind)}`]),
        ...(result.tag === 0 ? [] : [`tag ${result.tag}`]),
      ];
      const where = result.aperture === 'peer' ? `peer ${result.peer}` : result.aperture;
      return [`${where} ${hex(result.addr)}, in a ${shiftName(result.shift)} page`, ...flags].join(', ');
    }
    case 'sparse':
      return `reads give zero, writes are dropped (${shiftName(result.shift)} at ${result.level})`;
    case 'nowhere':
      return 'accesses go nowhere';
    case 'fault': {
      const number = result.reason === undefined ? '' : ` (reason ${result.reason})`;
      const where = result.level === undefined ? '' : `, decided at ${result.level}`;
      return `${result.name}${number}${where}; nothing in these ${shiftName(result.shift)} is mapped`.replace(
        /; nothing in these 16E is mapped$/,
        '',
      );
    }
    case 'malformed':
      return `${result.why} (at ${result.level})`;
    case 'unreadable':
      return `the entry at ${hex(result.entryAddr)} is not in memory`;
  }
}
