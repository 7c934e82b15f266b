import type { ScriptRunner, ScriptSpace } from '@nvmmu/script';
import { listTree, MemoryImage, readInstance, type Root, type TreeNode } from '@nvmmu/vmm-core';
import type { Paint } from './style.js';
import { formatHex, formatShift, formatSize } from './values.js';

// The page tables of a script's address spaces as a tree, read back from the bytes as the hardware would.

/** Lines of one tree; a space with more has better tools. */
const MAX_LINES = 400;

/** The directory of a space: its own, or that in an instance block it is joined to. */
export function rootOf({ vmm }: ScriptSpace, image: MemoryImage): Root | undefined {
  const { directory, joined, template } = vmm.state;
  if (directory !== undefined) {
    return { kind: 'root', target: directory.target, addr: BigInt(directory.addr), limit: vmm.limit - 1n };
  }
  const [block] = joined;
  if (block === undefined) return undefined;
  const result = readInstance(template.format, image, { target: block.target, addr: BigInt(block.addr) });
  return result.kind === 'root' ? result : undefined;
}

function entries(index: number, count: number): string {
  return count === 1 ? String(index) : `${index}-${index + count - 1}`;
}

function range(va: bigint, size: bigint): string {
  return `${formatHex(va)}-${formatHex(va + size)}`;
}

/** What stands behind a node's place in the tree. */
export function describeNode(node: TreeNode): string {
  switch (node.kind) {
    case 'table': {
      const index = node.index < 0 ? '' : `${node.index}  `;
      return `${index}${node.level} at ${formatHex(node.addr)} in ${node.target}, ${formatSize(node.bytes)}, from ${formatHex(node.va)}`;
    }
    case 'mapped': {
      const words = [
        `${formatShift(node.shift)} pages`,
        ...(node.ro ? ['read-only'] : []),
        ...(node.priv ? ['privileged'] : []),
        ...(node.vol ? ['volatile'] : []),
        ...(node.noAtomics ? ['no atomics'] : []),
        ...(node.storageKind === 0 ? [] : [`kind ${formatHex(node.storageKind)}`]),
        ...(node.tagStep === 0 ? [] : [`tags from ${node.tag}`]),
      ];
      const aperture = node.aperture === 'peer' ? `peer ${node.peer}` : node.aperture;
      return `${entries(node.index, node.count)}  ${range(node.va, node.size)} ${formatSize(node.size)} to ${aperture} ${formatHex(node.addr)}, ${words.join(', ')}`;
    }
    case 'sparse':
    case 'nowhere':
      return `${entries(node.index, node.count)}  ${range(node.va, node.size)} ${formatSize(node.size)} ${node.kind}`;
    case 'problem':
      return `${entries(node.index, node.count)}  ${range(node.va, node.size)} ${node.problem}: ${node.why}`;
  }
}

function paintNode(node: TreeNode, text: string, paint: Paint): string {
  if (node.kind === 'table') return paint('bold', text);
  if (node.kind === 'problem') return paint('red', text);
  return node.kind === 'mapped' ? text : paint('dim', text);
}

/** The page tables of every open address space. */
export function* describeTables(runner: ScriptRunner, paint: Paint): Generator<string, void, undefined> {
  const image = new MemoryImage(runner.provider?.allocations());
  for (const [id, space] of runner.spaces) {
    if (space.closed !== undefined) continue;
    const { vmm } = space;
    yield '';
    yield `${paint('cyan', id)} "${vmm.name}", addresses ${formatHex(vmm.start)}-${formatHex(vmm.limit)}`;
    const root = rootOf(space, image);
    if (root === undefined) {
      yield '  no page directory: it lives in instance blocks, and none is joined';
      continue;
    }
    let lines = 0;
    for (const node of listTree(vmm.state.template.format, image, root)) {
      if (++lines > MAX_LINES) {
        yield `  … the first ${MAX_LINES} lines; there are more`;
        break;
      }
      yield `  ${'  '.repeat(node.depth)}${paintNode(node, describeNode(node), paint)}`;
    }
  }
  yield '';
}
