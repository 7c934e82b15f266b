import type { TableMemory } from '@nvmmu/ptcache';
import type { Sha256Factory } from './digest.js';

// The bytes go into the hash as they lie in memory, which is right on little-endian machines only.
if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1) throw new Error('big-endian machines are not supported');

/** SHA-256 over allocations in the order given: for each its address and size as 64-bit numbers, then the bytes. */
export function hashMemory(allocations: Iterable<TableMemory>, sha256: Sha256Factory): string {
  const hash = sha256();
  for (const { addr, size, words } of allocations) {
    const head = BigUint64Array.of(BigInt(addr), BigInt(size));
    hash.update(new Uint8Array(head.buffer));
    hash.update(new Uint8Array(words.buffer, words.byteOffset, words.byteLength));
  }
  return hash.digest();
}
