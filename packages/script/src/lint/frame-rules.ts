import { formatHex } from '../numbers.js';
import type { LintContext, Rule } from './finding.js';

// Page frames: KD-10 to KD-18.

const NEIGHBOURS: Rule = {
  rule: 'KD-10',
  severity: 'error',
  reason: 'neighbouring frames of two page sizes become one region: clearing it stops the driver, or clears nothing',
};
const OTHER_SIZE: Rule = {
  rule: 'KD-11',
  severity: 'error',
  reason: 'the large entry overwrites the pointer to the small table; references and DMA mappings are orphaned',
};
const OUT_OF_MEMORY: Rule = {
  rule: 'KD-12',
  severity: 'error',
  reason: 'the region counts as mapped although nothing is; clearing or closing it stops the driver',
};
const FREED: Rule = {
  rule: 'KD-13',
  severity: 'error',
  reason: 'frames are mapped into free address space, and its tree is corrupted',
};
const REPLACED: Rule = {
  rule: 'KD-14',
  severity: 'warning',
  reason: 'the DMA mapping of the frame that was there is never released',
};
const PARTIAL: Rule = {
  rule: 'KD-15',
  severity: 'warning',
  reason:
    'nothing is cleared, the region is split at an impossible place and called unmapped: entry and DMA mapping stay',
};
const LARGE: Rule = {
  rule: 'KD-16',
  severity: 'warning',
  reason: 'the driver counts bytes of one call in 32 bits: pages that should stay unmapped become part of the mapping',
};
const IN_SPARSE: Rule = {
  rule: 'KD-18',
  severity: 'warning',
  reason: 'clearing the frame makes the entry zero: accesses fault in a range that was promised not to',
};

/** Reports maps and clears of page frames that go wrong. */
export function checkFrames(context: LintContext): void {
  const { operation, addr, size, step, report, touched, space, region } = context;
  if (space === undefined || addr === undefined || size === undefined) return;
  if (operation.op === 'pfnclr') {
    if (step.error?.code === 'EINVAL' && region !== undefined && region.mapped && region.memory === undefined) {
      report(PARTIAL, 'clear that starts or ends inside a page');
    }
    if (touched.some((it) => it.sparse && it.mapped && it.memory === undefined)) {
      report(IN_SPARSE, 'frames are cleared in a sparse allocation');
    }
    return;
  }
  if (operation.op !== 'pfnmap' || step.ret !== 0) return;
  const { page } = operation;
  const index = space.vmm.pages.findIndex(({ shift }) => shift === page);
  const framed = touched.filter((it) => it.mapped && it.memory === undefined);
  if (framed.some((it) => it.refd !== index))
    report(OTHER_SIZE, `frames of 2^${page} bytes over frames of another size`);
  if (framed.some((it) => it.refd === index)) report(REPLACED, `frames over frames at ${formatHex(addr)}`);
  if (size > 1n << 31n) report(LARGE, `${formatHex(size)} bytes of frames in one call`);
  const covered = touched.reduce((sum, it) => {
    const from = it.addr > addr ? it.addr : addr;
    const to = it.addr + it.size < addr + size ? it.addr + it.size : addr + size;
    return sum + (to - from);
  }, 0n);
  if (covered < size) report(FREED, 'frames for addresses that are not allocated');
  if (context.armed && step.pfns?.some((word) => word === 0n) === true) {
    report(OUT_OF_MEMORY, 'frames for which there may be no page-table memory');
  }
  const beside = [space.vmm.regionAt(addr === 0n ? 0n : addr - 1n), space.vmm.regionAt(addr + size)];
  if (beside.some((it) => it !== undefined && it.mapped && it.memory === undefined && it.refd !== index)) {
    report(NEIGHBOURS, 'frames beside frames of another page size');
  }
}
