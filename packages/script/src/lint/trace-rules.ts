import { formatHex } from '../numbers.js';
import type { LintContext, Rule } from './finding.js';

// What shows in the driver's own words only: KD-37 in a dump of regions, KD-43 in its trace lines. Out of sight of any
// script are KD-40 (host memory is never mapped with pages above 4 KiB), KD-41 and KD-42 (the kernel must have no memory
// for a region while it is split).

const STALE_FLAGS: Rule = {
  rule: 'KD-37',
  severity: 'note',
  reason: 'a freed region shows the flags of its last owner, and hands them on to pieces of it: they mean nothing',
};
const NO_FLUSH: Rule = {
  rule: 'KD-43',
  severity: 'note',
  reason:
    'the large entries change without a flush: until the next map or unmap the GPU may go on with what it has cached of them',
};

/** Walks that only count references. */
const PURE = /: (?:ref|unref): /;
const HAND_OVER = /: LPTE [0-9a-f]+: (?!V )/;

/** Reports what an operation's log lines or dump tell. */
export function checkTraces({ operation, step, space, memory, addr, report }: LintContext): void {
  if (operation.op === 'dump') {
    const stale = [...(space?.vmm.regions() ?? [])].find((it) => !it.used && (it.mapref || it.sparse));
    if (stale === undefined || memory.said.has('KD-37')) return;
    memory.said.add('KD-37');
    report(STALE_FLAGS, `dump shows free address space at ${formatHex(stale.addr)} with flags of its last owner`);
    return;
  }
  if (memory.said.has('KD-43') || !isHandOver(step.log.items)) return;
  memory.said.add('KD-43');
  const at = addr ?? step.addr;
  const where = at === undefined ? '' : ` near ${formatHex(at)}`;
  report(NO_FLUSH, `references of small pages hand large entries over${where}, without a map or unmap`);
}

/** Whether some walk that only counts references hands large entries over and is not followed by a flush. */
function isHandOver(lines: readonly string[]): boolean {
  let pure = false;
  let handed = false;
  for (const line of lines) {
    if (line.endsWith(' PTEs') && !line.includes('LPTE ') && !line.includes('SPTE ')) {
      if (handed) return true;
      pure = PURE.test(line);
    } else if (pure && HAND_OVER.test(line)) handed = true;
    else if (line.includes(' flush: ')) handed = false;
  }
  return handed;
}
