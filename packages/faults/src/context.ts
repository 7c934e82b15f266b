import { readXidHead } from './scan.js';
import type { EventKind, NoticeKind } from './record.js';

/** What a line that is no fault says. */
export interface Context {
  event?: EventKind;
  notice?: NoticeKind;
  meaning?: string;
  channel?: number;
  process?: string;
  xid?: number;
  /** True where the message may go on in the next line of a wrapped mail. */
  open?: boolean;
}

interface Rule {
  readonly word: string;
  /** Must match as well; its named groups `channel` and `process` are taken over. */
  readonly test?: RegExp;
  readonly event?: EventKind;
  readonly notice?: NoticeKind;
  readonly meaning?: string;
}

const MMIO =
  'a register access that failed on the bus inside the GPU (PRIVRING, IBUS); it is not an address translation';
const FORCED =
  'the driver forces a fault itself to get an engine back after a context-switch timeout; no access has faulted';
const TRAP = 'an engine reports its own trap; an address in it belongs to an MMU fault that is reported separately';
const IOMMU = "the host's IOMMU refused a DMA access of the device; the GPU's own page tables are not involved";
const CPU = "a page fault of the CPU, not of the GPU's MMU";
const OTHER_GPU = "a page fault of another vendor's GPU";

// In order: the first rule that applies names the line.
const NOUVEAU_RULES: readonly Rule[] = [
  {
    word: 'mmu fault queued',
    event: 'announced',
    notice: 'announced',
    meaning: 'the firmware announces that it has stored a fault; the line that follows is the fault',
  },
  { word: 'triggering mmu fault', event: 'forced-fault', notice: 'forced-fault', meaning: FORCED },
  { word: 'mmu fault triggered', event: 'forced-fault', notice: 'forced-fault', meaning: FORCED },
  {
    word: 'DROPPED_MMU_FAULT',
    event: 'dropped-faults',
    notice: 'dropped-faults',
    meaning: 'the hardware dropped the details of MMU faults because earlier ones had not been read',
  },
  { word: 'MMIO ', test: /MMIO (?:read|write) of \S{1,12} FAULT at/, notice: 'mmio-fault', meaning: MMIO },
  { word: ' engine fault on channel', test: /engine fault on channel (?<channel>-?\d{1,10})?/, event: 'recovering' },
  {
    word: 'errored - disabling channel',
    test: /:(?<channel>[0-9a-f]{4}):\[(?<process>.{0,64})\] errored/,
    event: 'channel-disabled',
  },
  {
    word: 'job timeout',
    test: /(?<process>\S.{0,63}): job timeout, channel (?<channel>-?\d{1,10}) killed/,
    event: 'job-timeout',
  },
  {
    word: 'killed!',
    test: /: (?<process>[^:]{1,64}): channel (?<channel>-?\d{1,10}) killed!/,
    event: 'channel-killed',
  },
  { word: 'killed', test: /channel (?<channel>-?\d{1,10}):? killed/, event: 'channel-killed' },
  { word: 'scheduled for recovery', event: 'recovery-scheduled' },
  { word: 'rc scheduled', event: 'rc-scheduled' },
  { word: 'SCHED_ERROR', event: 'sched-error' },
  { word: 'CTXSW_TIMEOUT', event: 'sched-error' },
  { word: 'failed to idle', test: /failed to idle channel (?:0x)?(?<channel>-?\d{1,10})?/, event: 'idle-failed' },
  { word: 'runlist', test: /runlist.{0,24}(?:update )?timeout/, event: 'timeout' },
  { word: 'idle timeout', event: 'timeout' },
  { word: 'TRAP', event: 'engine-trap', notice: 'engine-trap', meaning: TRAP },
  { word: ' trap', event: 'engine-trap', notice: 'engine-trap', meaning: TRAP },
  { word: 'ESR', test: /gr: .{0,80}(?:ESR|warp|MP trap)/i, event: 'engine-trap', notice: 'engine-trap', meaning: TRAP },
  { word: 'stalled at ffffffff', event: 'device-lost' },
  { word: 'fallen off the bus', event: 'device-lost' },
  { word: 'timeout', test: /nouveau \S{1,24} (?:\w{1,8}: )?timeout$/, event: 'timeout' },
  { word: 'timed out', event: 'timeout' },
];

const GENERAL_RULES: readonly Rule[] = [
  { word: 'blocked for more than', test: /task \S.{0,40} blocked for more than \d/, event: 'hang' },
  { word: 'soft lockup', event: 'hang' },
  { word: 'hard LOCKUP', event: 'hang' },
  { word: 'IO_PAGE_FAULT', notice: 'iommu', meaning: IOMMU },
  { word: 'DMAR:', test: /DMAR: .{0,80}fault/i, notice: 'iommu', meaning: IOMMU },
  { word: 'arm-smmu', test: /arm-smmu.{0,80}fault/i, notice: 'iommu', meaning: IOMMU },
  {
    word: 'unable to handle',
    test: /unable to handle .{0,40}(?:page fault|paging request|NULL pointer)/,
    event: 'crash',
    notice: 'cpu-fault',
    meaning: CPU,
  },
  { word: '#PF:', event: 'crash', notice: 'cpu-fault', meaning: CPU },
  { word: 'general protection fault', event: 'crash', notice: 'cpu-fault', meaning: CPU },
  {
    word: 'segfault at',
    notice: 'cpu-fault',
    meaning: 'a program crashed on the CPU (segmentation fault); not a GPU fault',
  },
  {
    word: 'amdgpu',
    test: /amdgpu.{0,120}(?:page fault|VM fault|VM_CONTEXT)/i,
    notice: 'other-gpu',
    meaning: OTHER_GPU,
  },
  {
    word: 'page fault',
    test: /(?:lima|panfrost|panthor|etnaviv|msm|adreno|i915|xe|v3d).{0,80}page fault/i,
    notice: 'other-gpu',
    meaning: OTHER_GPU,
  },
  { word: 'MTGPU', test: /MTGPU.{0,120}(?:MMU|Fault)/, notice: 'other-gpu', meaning: OTHER_GPU },
];

const XID_MEANINGS: Readonly<Record<number, string>> = {
  13: 'a graphics or compute exception: the engine refused what a program submitted',
  32: 'an invalid or corrupted push buffer',
  38: 'a driver firmware error',
  43: 'a program stopped processing its channel; usually that program’s own error',
  45: 'channels torn down early, as a consequence of another error or of killing the program',
  48: 'a double-bit memory error that ECC found',
  56: 'a display engine error',
  61: 'an internal micro-controller breakpoint',
  62: 'an internal micro-controller halt',
  63: 'a memory page or row retired or remapped',
  64: 'a memory page or row that could not be retired',
  69: 'a graphics engine class error',
  74: 'an NVLink error',
  79: 'the GPU has fallen off the bus',
  94: 'a memory error that was contained to one program',
  95: 'a memory error that was not contained',
  109: 'a context-switch timeout',
  119: 'the firmware did not answer',
  120: 'an error inside the firmware',
};

/** What an Xid other than 31 means, in a few words. */
export function xidMeaning(xid: number): string {
  return `Xid ${xid}: ${XID_MEANINGS[xid] ?? 'another error than an MMU fault'}`;
}

const WINDOW = 512;

function apply(rules: readonly Rule[], text: string): Context | undefined {
  for (const rule of rules) {
    const at = text.indexOf(rule.word);
    if (at < 0) continue;
    const found = rule.test?.exec(text);
    if (found === null) continue;
    const context: Context = {};
    if (rule.event !== undefined) context.event = rule.event;
    if (rule.notice !== undefined) context.notice = rule.notice;
    if (rule.meaning !== undefined) context.meaning = rule.meaning;
    const channel = found?.groups?.['channel'];
    if (channel !== undefined) {
      // The channel of a `fifo:RUNL:CGRP:CHAN:[…]` line is hexadecimal, all others are decimal.
      context.channel = Number.parseInt(channel, rule.event === 'channel-disabled' ? 16 : 10);
    }
    const process = found?.groups?.['process'];
    if (process !== undefined) context.process = process;
    return context;
  }
  return undefined;
}

const NOUVEAU_OPEN =
  /(?:engine fault on channel|errored - disabling|FAULT at|scheduled for|errored -|: channel \d{1,6}:?)$/;

/** Reads what a line without a fault says that matters around one; nothing if it says nothing of that kind. */
export function readContext(line: string): Context | undefined {
  const text = line.length > WINDOW ? line.slice(0, WINDOW) : line;
  const xidAt = text.indexOf('Xid (');
  if (xidAt >= 0) {
    const head = readXidHead(text, xidAt);
    if (head === undefined || head.xid === 31) return undefined;
    return {
      event: head.xid === 79 ? 'device-lost' : 'other-xid',
      notice: 'other-xid',
      xid: head.xid,
      meaning: xidMeaning(head.xid),
    };
  }
  if (text.includes('nouveau')) {
    const firmware = /gsp: Xid:(\d{1,4})\b/.exec(text)?.[1];
    if (firmware !== undefined && firmware !== '31') {
      const xid = Number(firmware);
      return { event: 'other-xid', notice: 'other-xid', xid, meaning: xidMeaning(xid) };
    }
    const context = apply(NOUVEAU_RULES, text);
    if (context !== undefined) {
      if (NOUVEAU_OPEN.test(text.trimEnd())) context.open = true;
      return context;
    }
    if (NOUVEAU_OPEN.test(text.trimEnd())) return { open: true };
  }
  return apply(GENERAL_RULES, text);
}
