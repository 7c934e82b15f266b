import { gm200Kinds } from '@nvmmu/backends-gf100';
import { type Chip, once } from '@nvmmu/vmm-core';
import { integrated } from './apertures.js';
import { cancelFault, replayFaults } from './faults.js';
import { flushPascal } from './flush.js';
import { format2 } from './format-2.js';
import { INSTANCE_BYTES, joinPascal, partDirectory } from './instance.js';
import { integratedPages } from './pages-2.js';
import { validFormat2 } from './valid.js';

const format = once(() => format2('gp10b', gm200Kinds));

/** Pascal in Tegra X2: memory is the system's, and only the non-coherent kind can be mapped. */
export const gp10b: Chip = {
  name: 'gp10b',
  arguments: ['replay'],
  tableTarget: 'ncoh',
  dmaBits: 47,
  kinds: gm200Kinds,
  mapArguments: ['kind', 'ro', 'priv', 'vol'],
  template: (_device, { replay = false }) => ({
    pages: integratedPages,
    pageBlockShift: 0,
    get format() {
      return format();
    },
    instanceBytes: INSTANCE_BYTES,
    valid: validFormat2(integrated, gm200Kinds),
    flush: flushPascal,
    join: joinPascal(replay),
    part: partDirectory,
    faultReplay: replayFaults,
    faultCancel: cancelFault,
  }),
};
