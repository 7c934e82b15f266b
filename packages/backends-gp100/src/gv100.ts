import { gm200Kinds } from '@nvmmu/backends-gf100';
import { type Chip, once } from '@nvmmu/vmm-core';
import { discrete } from './apertures.js';
import { cancelFault, replayFaults } from './faults.js';
import { flushPascal } from './flush.js';
import { format2 } from './format-2.js';
import { SUBCONTEXT_INSTANCE_BYTES, joinVolta, partDirectory } from './instance.js';
import { discretePages } from './pages-2.js';
import { validFormat2 } from './valid.js';

const format = once(() => format2('gv100', gm200Kinds));

/** Volta: Pascal with subcontexts in the instance block. */
export const gv100: Chip = {
  name: 'gv100',
  arguments: ['replay'],
  tableTarget: 'vram',
  dmaBits: 47,
  kinds: gm200Kinds,
  mapArguments: ['kind', 'ro', 'priv', 'vol'],
  template: (_device, { replay = false }) => ({
    pages: discretePages,
    pageBlockShift: 0,
    get format() {
      return format();
    },
    instanceBytes: SUBCONTEXT_INSTANCE_BYTES,
    valid: validFormat2(discrete, gm200Kinds),
    flush: flushPascal,
    join: joinVolta(replay),
    part: partDirectory,
    faultReplay: replayFaults,
    faultCancel: cancelFault,
  }),
};
