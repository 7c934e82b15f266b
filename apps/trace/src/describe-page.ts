import type { MappedRange, WalkMapped } from '@nvmmu/vmm-core';
import { formatHex } from './values.js';

type Flags = Pick<
  WalkMapped | MappedRange,
  'ro' | 'priv' | 'vol' | 'noAtomics' | 'storageKind' | 'tag' | 'aperture' | 'peer'
> &
  Partial<Pick<MappedRange, 'tagStep'>>;

/** The flags of a page in words. */
export function flagWords(page: Flags): string[] {
  return [
    ...(page.ro ? ['read-only'] : []),
    ...(page.priv ? ['privileged'] : []),
    ...(page.vol ? ['volatile'] : []),
    ...(page.noAtomics ? ['no atomics'] : []),
    ...(page.storageKind === 0 ? [] : [`kind ${formatHex(page.storageKind)}`]),
    ...tagWords(page),
  ];
}

function tagWords({ tag, tagStep }: Flags): string[] {
  // Of a range the first; a step of 0 says that it is not compressed.
  if (tagStep !== undefined) return tagStep === 0 ? [] : [`tags from ${tag}`];
  return tag === 0 ? [] : [`tag ${tag}`];
}

/** The aperture, with the number of the peer. */
export function apertureName({ aperture, peer }: Pick<Flags, 'aperture' | 'peer'>): string {
  return aperture === 'peer' ? `peer ${peer}` : aperture;
}

/** What a page's flags are called in JSON, the same for walks and listings. */
export function pageJson(page: Flags & { readonly addr: bigint; readonly shift: number }): object {
  return {
    addr: formatHex(page.addr),
    aperture: page.aperture,
    ...(page.aperture === 'peer' && { peer: page.peer }),
    shift: page.shift,
    ro: page.ro,
    priv: page.priv,
    vol: page.vol,
    noAtomics: page.noAtomics,
    kind: page.storageKind,
    tag: page.tag,
    ...(page.tagStep !== undefined && { tagStep: page.tagStep }),
  };
}
