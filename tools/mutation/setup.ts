// A mutant is dead at the first failure; looking for the smallest one would take longer than everything else.

import { configureGlobal } from 'fast-check';

configureGlobal({ endOnFailure: true });
