import { type Chip, once } from '@nvmmu/vmm-core';
import { discrete } from './apertures.js';
import { cancelFault, replayFaults } from './faults.js';
import { flushTuring } from './flush.js';
import { format2 } from './format-2.js';
import { SUBCONTEXT_INSTANCE_BYTES, joinVolta, partDirectory } from './instance.js';
import { turingKinds } from './kinds.js';
import { discretePages } from './pages-2.js';
import { validFormat2 } from './valid.js';

const format = once(() => format2('tu102', turingKinds));

/** Turing: Volta with sixteen storage kinds and an invalidate unit of its own. Fault commands still go to the old one. */
export const tu102: Chip = {
  name: 'tu102',
  arguments: ['replay'],
  tableTarget: 'vram',
  dmaBits: 47,
  kinds: turingKinds,
  mapArguments: ['kind', 'ro', 'priv', 'vol'],
  template: (_device, { replay = false }) => ({
    pages: discretePages,
    pageBlockShift: 0,
    get format() {
      return format();
    },
    instanceBytes: SUBCONTEXT_INSTANCE_BYTES,
    valid: validFormat2(discrete, turingKinds),
    flush: flushTuring,
    join: joinVolta(replay),
    part: partDirectory,
    faultReplay: replayFaults,
    faultCancel: cancelFault,
  }),
};
