// What the fuzzer calls, by name.

import { TARGETS } from '../../apps/reliability/dist/fuzz-targets.js';

export const { script, run, log, dump, tree, walk, ranges } = TARGETS;
