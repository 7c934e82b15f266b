import type { Plan } from './gets.js';
import type { WalkItem } from './log-lines.js';
import type { Space } from './session.js';
import type { Stream } from './stream.js';
import type { Survey } from './survey.js';

/** The lines of one name, and the address spaces that have it. */
export interface Family {
  readonly stream: Stream;
  readonly survey: Survey;
  readonly spaces: Space[];
  /** Whether there is a space of that name without any room. */
  hasFull: boolean;
}

/** An allocation and where it goes. */
export interface Placed {
  readonly space: Space;
  readonly plan: Plan;
}

/** Whether a walk finds in a space what it works on. */
export function suitsWalk({ vmm }: Space, { walk, addr, size }: WalkItem): boolean {
  const region = vmm.regionAt(addr);
  switch (walk) {
    case 'ref + map':
      return region?.mapped === false;
    case 'map':
    case 'release':
      return region !== undefined;
    case 'unmap':
    case 'unmap + unref':
      return region?.mapped === true;
    case 'ref':
      return region !== undefined || (vmm.start === addr && vmm.limit - vmm.start === size);
    default:
      return region !== undefined;
  }
}
