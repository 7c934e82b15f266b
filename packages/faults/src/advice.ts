import { hasUserProcess, type Verdict } from './verdict.js';
import type { Aftermath } from './aftermath.js';
import type { FaultRecord } from './record.js';

/**
 * What to try next, most useful first; the last entry may be a workaround.
 *
 * @param hasMapping - Whether it is known what was mapped at the address.
 */
export function advise(record: FaultRecord, verdict: Verdict, after: Aftermath, hasMapping: boolean): string[] {
  const advice: string[] = [];
  const { decoded } = record;
  if (record.form === 'gsp-rc' && record.address === undefined) {
    advice.push(
      'The address appears in the log only with GSP firmware 570 or later: update kernel and firmware, and reproduce.',
    );
  }
  if (verdict.culprit === 'memory-or-hardware') {
    advice.push(
      'Compare with a cold boot without a virtual machine or passthrough; then other firmware or BIOS settings; then the card in another machine.',
    );
  }
  if (record.driver === 'nvidia') {
    if (verdict.culprit === 'program') {
      advice.push(
        'CUDA: run the program under compute-sanitizer, or with CUDA_LAUNCH_BLOCKING=1, to find the kernel. Vulkan: turn on the validation layers, and VK_EXT_device_fault if the driver has it.',
      );
    }
    advice.push('Attach the output of nvidia-bug-report.sh to a report; it holds what this line leaves out.');
  } else if (record.form !== 'gsp-rc' && verdict.culprit !== 'nobody' && !hasMapping) {
    advice.push(
      'To see what was mapped there: build the kernel with CONFIG_NOUVEAU_DEBUG_MMU, boot with nouveau.debug=mmu=trace, reproduce, and give that log to this tool.',
    );
  }
  if (verdict.culprit === 'program' && record.driver === 'nouveau' && hasUserProcess(record)) {
    advice.push(
      'Try another version of Mesa, and the program alone; if it always fails at the same step, an apitrace or a RenderDoc capture makes a good report.',
    );
  }
  if (decoded.reason === 'null-dma-object') {
    advice.push('If it began after resume from suspend: try without suspend, and report both logs.');
  }
  const workaround =
    after.outcome === 'desktop-gone' || after.outcome === 'hang'
      ? 'Workaround: remote login and a restart of the display server sometimes help; otherwise restart the machine.'
      : verdict.culprit === 'program' && record.driver === 'nouveau'
        ? 'Workaround: turn off hardware acceleration in that program, or start it with LIBGL_ALWAYS_SOFTWARE=1.'
        : undefined;
  if (workaround !== undefined) advice.push(workaround);
  return advice;
}

/** What a log can’t tell, said plainly. */
export function limits(record: FaultRecord, known: { mapping: boolean; kernel: boolean }): string[] {
  const list: string[] = [];
  if (record.address !== undefined && !known.mapping && !record.decoded.physical) {
    list.push(
      'Whether the address was ever mapped, and when it was unmapped, is not in this log; a trace, a script or a page-table dump would tell.',
    );
  }
  if (record.decoded.reason === 'pde' && record.decoded.formats.some((f) => f === '2' || f === '3')) {
    list.push('The line does not say which directory level had no entry; only a walk through a dump can.');
  }
  if (!known.kernel)
    list.push('Which version introduced it can’t be read from one log, and this one does not name its kernel.');
  return list;
}
