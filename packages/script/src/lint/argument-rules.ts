import { formatHex } from '../numbers.js';
import { type LintContext, type Rule } from './finding.js';

// Arguments that an uncorrected driver does not check, or checks wrongly (KD-20 to KD-26).

const END = 1n << 64n;

const SIZE_ZERO: Rule = { rule: 'KD-20', severity: 'error', reason: 'the driver hits an assertion' };
const WRAP: Rule = {
  rule: 'KD-21',
  severity: 'error',
  reason: "the sum passes the check of the region's end, the region list is corrupted and an assertion follows",
};
const OFFSET_WRAP: Rule = {
  rule: 'KD-22',
  severity: 'error',
  reason: "the sum passes the check of the object's end, and the driver walks off its list of extents",
};
const WIDE_ALIGN: Rule = {
  rule: 'KD-23',
  severity: 'warning',
  reason: 'the shift count wraps: 64 acts like 0, and the result may not even be aligned to a page',
};
const ODD_SPARSE: Rule = {
  rule: 'KD-24',
  severity: 'note',
  reason: 'the driver builds page tables and tears them down again before it refuses',
};
const RAW_CALL: Rule = {
  rule: 'KD-25',
  severity: 'error',
  reason: 'the driver does not check it: tables are corrupted, or it dereferences a table that is not there',
};
const CLEAR_WRAP: Rule = {
  rule: 'KD-26',
  severity: 'warning',
  reason: 'the driver clears to the end of the first region only, and says that all went well',
};

/** Reports arguments that must be refused and that the driver takes. */
export function checkArguments(context: LintContext): void {
  const { operation, addr, step, report } = context;
  switch (operation.op) {
    case 'map': {
      const { size, offset } = operation;
      if (size === 0n) report(SIZE_ZERO, 'map of no bytes');
      if (addr !== undefined && addr + (size ?? 0n) >= END) report(WRAP, `map at ${formatHex(addr)} wraps past 2^64`);
      const bytes = context.size ?? 0n;
      if (offset + bytes >= END) report(OFFSET_WRAP, `offset ${formatHex(offset)} plus the size wraps past 2^64`);
      return;
    }
    case 'get': {
      if (operation.align >= 64) report(WIDE_ALIGN, `alignment of 2^${operation.align} bytes`);
      if (operation.sparse && operation.page === 0 && (operation.size & 0xfffn) !== 0n) {
        report(ODD_SPARSE, `sparse allocation of ${formatHex(operation.size)} bytes, which is no multiple of 4 KiB`);
      }
      return;
    }
    case 'pfnclr':
      if (addr !== undefined && addr + operation.size >= END) {
        report(CLEAR_WRAP, `clear at ${formatHex(addr)} wraps past 2^64`);
      }
      return;
    case 'rawget':
    case 'rawput':
    case 'rawmap':
    case 'rawunmap':
    case 'rawsparse':
      if (step.error?.code === 'EINVAL' && context.space?.vmm.type === 'raw') report(RAW_CALL, step.error.message);
      return;
    default:
      return;
  }
}
