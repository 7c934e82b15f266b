import type { BoundSpace, FaultCancel } from '@nvmmu/vmm-core';
import { INVALIDATE, invalidate } from './flush.js';

/** Where the graphics engine names the instance block that it runs. */
const CURRENT_CONTEXT = 0x409b00;
const CONTEXT_VALID = 0x80000000n;

/** Lets the clients that wait for a fault try again (client method 0x80, `gp100_vmm_fault_replay`). */
export function replayFaults(space: BoundSpace): void {
  const { allAddresses, allDirectories, replayStart } = INVALIDATE;
  invalidate(space, allAddresses | allDirectories | replayStart);
}

/**
 * Cancels a fault for good (client method 0x81, `gp100_vmm_fault_cancel`), if graphics still runs the context that it
 * came from. The client number is not masked: one of 0x40 and above runs into the GPC, as in the driver.
 *
 * @returns The instance block as the graphics engine names it.
 */
export function cancelFault(space: BoundSpace, fault: FaultCancel): bigint {
  const inst = contextOf(fault.inst);
  if (!space.pauseGraphics(true)) return inst;
  try {
    if (BigInt(space.rd32(CURRENT_CONTEXT) >>> 0) === inst) {
      const { allAddresses, allDirectories, cancelTargeted, clientShift, gpcShift, hub } = INVALIDATE;
      const origin = (fault.hub ? hub : 0) | (fault.gpc << gpcShift) | (fault.client << clientShift);
      invalidate(space, allAddresses | allDirectories | cancelTargeted | origin);
    }
  } finally {
    space.pauseGraphics(false);
  }
  return inst;
}

/** From the form of the fault buffer (63:12 address, 9:8 aperture) to that of the graphics engine. */
function contextOf(inst: bigint): bigint {
  const bits = BigInt.asUintN(64, inst);
  return (bits >> 12n) | (((bits >> 8n) & 3n) << 28n) | CONTEXT_VALID;
}
