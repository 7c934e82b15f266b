import { type Chip, once } from '@nvmmu/vmm-core';
import { discrete } from './apertures.js';
import { flushHopper } from './flush.js';
import { format3 } from './format-3.js';
import { joinVolta, partDirectory, SUBCONTEXT_INSTANCE_BYTES } from './instance.js';
import { turingKinds } from './kinds.js';
import { hopperPages } from './pages-3.js';
import { validFormat3 } from './valid.js';

const format = once(() => format3(turingKinds));

/** Hopper: 57-bit addresses, six levels, entries of format 3; no page frames and no fault methods. */
export const gh100: Chip = {
  name: 'gh100',
  arguments: ['replay'],
  tableTarget: 'vram',
  dmaBits: 52,
  kinds: turingKinds,
  mapArguments: ['kind', 'ro', 'priv'],
  template: (_device, { replay = false }) => ({
    pages: hopperPages,
    pageBlockShift: 0,
    get format() {
      return format();
    },
    instanceBytes: SUBCONTEXT_INSTANCE_BYTES,
    valid: validFormat3(discrete, turingKinds),
    flush: flushHopper,
    join: joinVolta(replay),
    part: partDirectory,
  }),
};
