import { readInstance, walk, type Vmm, type WalkResult } from '@nvmmu/vmm-core';
import type { BumpProvider } from '@nvmmu/ptcache';
import { ProviderReader } from '../../src/reader.js';

/** What the hardware makes of an address, from the bytes alone. */
export function walkBytes(vmm: Vmm, provider: BumpProvider, va: bigint): WalkResult {
  const { directory, joined, template } = vmm.state;
  const reader = new ProviderReader(provider);
  const [block] = joined;
  const root =
    directory === undefined
      ? readInstance(template.format, reader, { target: block?.target ?? 'vram', addr: BigInt(block?.addr ?? 0) })
      : ({ kind: 'root', target: directory.target, addr: BigInt(directory.addr) } as const);
  return walk(template.format, reader, root, va);
}

/** The same in a few words: `fault`, `sparse`, or the physical address. */
export function translate(vmm: Vmm, provider: BumpProvider, va: bigint): string {
  const result = walkBytes(vmm, provider, va);
  return result.kind === 'mapped' ? `0x${result.addr.toString(16)}` : result.kind;
}
