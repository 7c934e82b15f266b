import type { AddressRef, EventRecord, MemOperation, Operation, StepResult } from '@nvmmu/script';
import type { MapArguments } from '@nvmmu/vmm-core';
import type { Paint } from './style.js';
import { formatHex, formatShift, formatSize, plural } from './values.js';

// One line of prose for each operation: what was asked, what came out, what the device saw of it.

function place(at: AddressRef): string {
  if ('addr' in at) return formatHex(at.addr);
  return at.delta === 0n ? at.vma : `${at.vma}+${formatHex(at.delta)}`;
}

function argumentsText(args: MapArguments | undefined): string {
  if (args === undefined) return '';
  const words: string[] = [];
  if (args.kind !== undefined) words.push(`kind ${formatHex(args.kind)}`);
  if (args.ro === true) words.push('read-only');
  if (args.priv === true) words.push('privileged');
  if (args.vol === true) words.push('volatile');
  if (args.comp !== undefined) words.push(`comp ${args.comp}`);
  return words.length === 0 ? '' : `, ${words.join(', ')}`;
}

function memoryText({ target, layout }: MemOperation): string {
  const bytes = (pieces: readonly (readonly [bigint, bigint])[]): bigint => pieces.reduce((sum, [, n]) => sum + n, 0n);
  switch (layout.kind) {
    case 'extents':
      return `${formatSize(bytes(layout.pieces))} of vram in ${plural(layout.pieces.length, 'extent')}, ${formatShift(layout.page)} pages`;
    case 'sgl':
      return `${formatSize(bytes(layout.pieces))} of ${target} memory in ${plural(layout.pieces.length, 'piece')}`;
    case 'dma':
      return `${formatSize(layout.addrs.length * 0x1000)} of ${target} memory, page by page`;
    case 'dmaRange':
      return `${formatSize(layout.pages * 0x1000)} of ${target} memory at ${formatHex(layout.addr)}`;
  }
}

/** What an operation asks for, without its name. */
export function describeOperation(operation: Operation): string {
  switch (operation.op) {
    case 'device':
      return `${operation.chip}, page tables from ${formatHex(operation.ptBase)}`;
    case 'vmm': {
      const { id, name, type, addr, size, bigPage } = operation;
      const range = addr === 0n && size === 0n ? '' : `, ${formatHex(addr)} + ${formatSize(size)}`;
      const big = bigPage === undefined ? '' : `, ${formatShift(bigPage)} big pages`;
      return `${id}${name === 'user' ? '' : ` "${name}"`}${type === 'unmanaged' ? '' : `, ${type}`}${range}${big}`;
    }
    case 'mem':
      return `${operation.id}: ${memoryText(operation)}`;
    case 'get': {
      const { id, size, type, page, align, sparse } = operation;
      const words = [
        `${id}: ${formatSize(size)}`,
        ...(page === 0 ? [] : [`${formatShift(page)} pages`]),
        ...(align === 0 ? [] : [`aligned to ${formatShift(align)}`]),
        ...(type === 'addr' ? [] : [type === 'ptes' ? 'tables now' : 'lazy']),
        ...(sparse ? ['sparse'] : []),
      ];
      return words.join(', ');
    }
    case 'put':
    case 'unmap':
      return place(operation.at);
    case 'map': {
      const { at, mem, size, offset, args } = operation;
      const part = size === undefined ? '' : `, ${formatSize(size)}`;
      return `${place(at)} to ${mem}${offset === 0n ? '' : `+${formatHex(offset)}`}${part}${argumentsText(args)}`;
    }
    case 'pfnmap': {
      const { at, page, frames } = operation;
      const count = 'list' in frames ? frames.list.length : frames.count;
      return `${place(at)}: ${plural(count, 'frame')} of ${formatShift(page)}`;
    }
    case 'pfnclr':
      return `${place(operation.at)}, ${formatSize(operation.size)}`;
    case 'join':
    case 'part':
      return operation.inst;
    case 'rawget':
    case 'rawput':
      return `${formatHex(operation.addr)} + ${formatSize(operation.size)}, ${formatShift(operation.page)} pages`;
    case 'rawmap': {
      const { addr, size, page, mem, offset, args } = operation;
      const from = offset === 0n ? mem : `${mem}+${formatHex(offset)}`;
      return `${formatHex(addr)} + ${formatSize(size)} to ${from}, ${formatShift(page)} pages${argumentsText(args)}`;
    }
    case 'rawunmap': {
      const { addr, size, page, sparse } = operation;
      return `${formatHex(addr)} + ${formatSize(size)}, ${formatShift(page)} pages${sparse ? ', to sparse' : ''}`;
    }
    case 'rawsparse':
      return `${formatHex(operation.addr)} + ${formatSize(operation.size)} ${operation.ref ? 'on' : 'off'}`;
    case 'engref':
      return `${operation.engine} ${operation.delta >= 0 ? '+' : ''}${operation.delta}`;
    case 'failalloc':
      return `after ${plural(operation.after, 'more allocation')}`;
    case 'boot':
    case 'ptcdump':
    case 'dump':
    case 'close':
      return '';
  }
}

const EVENT_NAMES: readonly (readonly [name: string, one: string, many: string])[] = [
  ['ptnew', 'table new', 'tables new'],
  ['ptfree', 'table freed', 'tables freed'],
  ['wr32', 'register write', 'register writes'],
  ['dmamap', 'host page mapped', 'host pages mapped'],
  ['dmaunmap', 'host page unmapped', 'host pages unmapped'],
  ['tagclr', 'tag range cleared', 'tag ranges cleared'],
];

function summarise(events: readonly EventRecord[], all: number): string {
  if (events.length < all) return plural(all, 'event');
  return EVENT_NAMES.flatMap(([name, one, many]) => {
    const count = events.filter((event) => event[0] === name).length;
    return count === 0 ? [] : [plural(count, one, many)];
  }).join(', ');
}

function outcome(step: StepResult, paint: Paint): string {
  if (step.error !== undefined) return paint('red', `${step.error.code}: ${step.error.message}`);
  if (step.addr !== undefined) return paint('green', formatHex(step.addr));
  const refused = step.pfns?.reduce((count, word) => (word === 0n ? count + 1 : count), 0) ?? 0;
  return refused === 0 ? 'ok' : `ok, ${plural(refused, 'empty frame')}`;
}

/** The account of one operation: its line, and the region list after it for a `dump`. */
export function describeStep(step: StepResult, paint: Paint): string[] {
  const { operation, events } = step;
  const what = `${operation.op.padEnd(9)} ${describeOperation(operation)}`;
  const seen = summarise(events.items, events.count);
  const line =
    `${paint('dim', String(step.index).padStart(5))}  ${what.padEnd(58)} ${outcome(step, paint)}` +
    (seen === '' ? '' : paint('dim', `  (${seen})`));
  return [line, ...(step.vmas ?? []).map((text) => `         ${text}`)];
}
