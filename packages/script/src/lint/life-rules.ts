import { formatHex } from '../numbers.js';
import type { LintContext, Rule, SpaceMemory, UsedRange } from './finding.js';
import { overlaps } from './finding.js';

// Creating and closing spaces, what is left behind, and raw calls: KD-07 to KD-09, KD-30, KD-34 to KD-36.

const FAILED_SPACE: Rule = {
  rule: 'KD-30',
  severity: 'error',
  reason: 'the error path destroys a list that was never filled: memory is corrupted',
};
const WIDE_SPACE: Rule = {
  rule: 'KD-38',
  severity: 'note',
  reason: "until Linux 6.16 a region's size had 50 bits and walks five levels: larger regions are cut off",
};
const CLIENT_PUT: Rule = {
  rule: 'KD-34',
  severity: 'note',
  reason: "the client's range becomes free space of the driver, which may hand it out",
};
const SECOND_BOOT: Rule = {
  rule: 'KD-35',
  severity: 'warning',
  reason: 'references are taken twice and dropped once: all tables leak when the space is closed',
};
const CACHE_DUMP: Rule = {
  rule: 'KD-36',
  severity: 'note',
  reason: 'the counters of the pool survive: tables that are freed later are not cached any more',
};
const UNDER_LARGE: Rule = {
  rule: 'KD-07',
  severity: 'warning',
  reason: 'small references that come or go under a live large page reset its entry: GPU faults on valid addresses',
};
const SPARSE_COUNTS: Rule = {
  rule: 'KD-08',
  severity: 'warning',
  reason: 'marking entries sparse overwrites the counts of references that are held there',
};
const HUGE_OVER: Rule = {
  rule: 'KD-09',
  severity: 'warning',
  reason: 'the 2 MiB entry and the pointers to smaller tables share one place: whichever is written last wins',
};

const SPARSE_LEFT: Rule = {
  rule: 'sparse-left',
  severity: 'note',
  reason: 'a sparse range keeps page tables alive and hides faults until the space is closed',
};
const TABLES_LEFT: Rule = {
  rule: 'tables-left',
  severity: 'note',
  reason: 'an allocation of type "ptes" holds its page tables until it is put',
};
const REFERENCES_LEFT: Rule = {
  rule: 'references-left',
  severity: 'warning',
  reason: 'raw references are never dropped for the client: their tables leak',
};

const remove = (list: UsedRange[], range: { addr: bigint; size: bigint; page?: number }): void => {
  const at = list.findIndex(
    (it) => it.addr === range.addr && it.size === range.size && (range.page === undefined || it.page === range.page),
  );
  if (at >= 0) list.splice(at, 1);
};

/** Reports life-cycle mistakes, and remembers what is held. */
export function checkLife(context: LintContext): void {
  const { operation, step, report, memory, addr, region, space } = context;
  const { line } = operation;
  const done = step.ret === 0;
  switch (operation.op) {
    case 'vmm':
      if (step.error?.code === 'EINVAL' || step.error?.code === 'ENOMEM')
        report(FAILED_SPACE, 'creating the address space fails');
      if (done) checkWidth(context);
      return;
    case 'get':
      if (done && step.addr !== undefined) {
        const { id, size, type, sparse } = operation;
        memory.allocations.set(step.addr, { id, line, size, type, sparse });
      }
      return;
    case 'put':
      if (!done || addr === undefined) return;
      if (!memory.allocations.delete(addr) && region !== undefined)
        report(CLIENT_PUT, `put of the client's own range at ${formatHex(addr)}`);
      return;
    case 'boot':
      if (memory.booted) report(SECOND_BOOT, 'second "boot" of one space');
      else if (space !== undefined) {
        const small = (space.vmm.pages.length || 1) - 1;
        for (const it of space.vmm.regions()) {
          if (it.mapped && it.refd !== undefined && it.refd < small) {
            report(UNDER_LARGE, `"boot" with large pages mapped at ${formatHex(it.addr)}`);
            break;
          }
        }
      }
      if (done) memory.booted = true;
      return;
    case 'ptcdump':
      report(CACHE_DUMP, 'the page-table cache is dumped');
      return;
    case 'rawget':
    case 'rawput':
    case 'rawmap':
    case 'rawunmap':
    case 'rawsparse':
      if (done) checkRaw(context);
      return;
    case 'close':
      if (done) reportLeft(memory, context);
      return;
    default:
      return;
  }
}

function checkWidth({ runner, operation, report }: LintContext): void {
  const vmm = operation.op === 'vmm' ? runner.spaces.get(operation.id)?.vmm : undefined;
  if (vmm !== undefined && vmm.limit - vmm.start > 1n << 50n) report(WIDE_SPACE, 'address space of more than 50 bits');
}

function checkRaw({ operation, report, memory }: LintContext): void {
  switch (operation.op) {
    case 'rawget':
    case 'rawput': {
      const { addr, size, page, line } = operation;
      const range = { addr, size, page, line };
      const word = operation.op === 'rawget' ? 'taken' : 'dropped';
      const above = memory.rawMapped.find((it) => it.page > page && overlaps(it, range));
      if (above !== undefined) {
        report(
          above.page >= 21 ? HUGE_OVER : UNDER_LARGE,
          `references of 2^${page} bytes ${word} under a live map of 2^${above.page}`,
        );
      }
      if (operation.op === 'rawget') memory.held.push(range);
      else remove(memory.held, range);
      return;
    }
    case 'rawmap': {
      const { addr, size, page, line } = operation;
      const range = { addr, size, page, line };
      const below = memory.held.find((it) => it.page < page && overlaps(it, range));
      if (below !== undefined) {
        report(page >= 21 ? HUGE_OVER : UNDER_LARGE, `map of 2^${page} bytes over references of 2^${below.page}`);
      }
      remove(memory.rawMapped, range);
      memory.rawMapped.push(range);
      return;
    }
    case 'rawunmap':
      remove(memory.rawMapped, operation);
      return;
    case 'rawsparse': {
      const { addr, size, ref, line } = operation;
      if (memory.held.some((it) => overlaps(it, operation))) {
        report(SPARSE_COUNTS, `${ref ? 'making' : 'ending'} a sparse range over references that are held`);
      }
      if (ref) memory.rawSparse.push({ addr, size, page: 0, line });
      else remove(memory.rawSparse, { addr, size });
      return;
    }
    default:
      return;
  }
}

/** Reports what a space still holds when it is closed, or the script ends. */
export function reportLeft(memory: SpaceMemory, { report }: Pick<LintContext, 'report'>): void {
  const say = (rule: Rule, lines: readonly number[], what: string): void => {
    if (lines.length === 0) return;
    const shown = lines.slice(0, 5).join(', ');
    const more = lines.length > 5 ? ` and ${lines.length - 5} more` : '';
    report(
      rule,
      `${what} of line${lines.length === 1 ? '' : 's'} ${shown}${more} ${lines.length === 1 ? 'is' : 'are'} left behind`,
    );
  };
  const allocations = [...memory.allocations.values()];
  const linesOf = (list: readonly { readonly line: number }[]): number[] => list.map(({ line }) => line);
  say(SPARSE_LEFT, linesOf(allocations.filter(({ sparse }) => sparse)), 'the sparse allocation');
  say(TABLES_LEFT, linesOf(allocations.filter(({ type, sparse }) => type === 'ptes' && !sparse)), 'the allocation');
  say(REFERENCES_LEFT, linesOf(memory.held), 'the reference');
  say(SPARSE_LEFT, linesOf(memory.rawSparse), 'the sparse range');
}
