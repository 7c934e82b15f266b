import { isKernelChannel } from './verdict.js';
import type { EventKind, FaultRecord } from './record.js';

/** What became of it all, as far as the log says. */
export type Outcome =
  'desktop-gone' | 'program-killed' | 'recovering' | 'hang' | 'device-lost' | 'crash' | 'nothing' | 'unknown';

/** What the log says happened next. */
export interface Aftermath {
  outcome: Outcome;
  /** What that means, in one or two sentences. */
  sentence: string;
  /** The lines that say so. */
  lines: { line: number; text: string }[];
}

const DISPLAY_SERVERS =
  /^(?:Xorg|X|Xwayland|gnome-shell|kwin|kwin_x11|kwin_wayland|mutter|sway|weston|compiz|plasmashell|systemd-logind|Hyprland|cosmic-comp)$/;

/** Says what the lines after a fault mean for the machine. */
export function aftermath(record: FaultRecord): Aftermath {
  const kinds = new Set<EventKind>(record.after.map(({ kind }) => kind));
  const lines = record.after.filter(({ kind }) => kind !== 'engine-trap').map(({ line, text }) => ({ line, text }));
  const result = (outcome: Outcome, sentence: string): Aftermath => ({ outcome, sentence, lines });
  const killed = kinds.has('channel-killed') || kinds.has('channel-disabled') || kinds.has('job-timeout');
  const kernelKilled = isKernelChannel(record) && killed;

  if (kinds.has('device-lost'))
    return result('device-lost', 'The GPU stopped answering altogether. Only a reset or a power cycle brings it back.');
  if (kinds.has('crash'))
    return result('crash', 'The kernel itself crashed soon after; what follows in the log is a consequence.');
  if (kernelKilled || (isKernelChannel(record) && kinds.has('recovering'))) {
    return result(
      'desktop-gone',
      'The driver shut down its own channel (DRM). Everything that needs it stops, usually the whole desktop: it stays frozen or black until the machine restarts.',
    );
  }
  if (kinds.has('hang'))
    return result(
      'hang',
      'Recovery did not succeed: the kernel reports tasks that hang. Expect to restart the machine.',
    );
  if (kinds.has('timeout') || kinds.has('idle-failed')) {
    return result(
      'hang',
      'Recovery did not go well: the driver waited for the hardware in vain. The screen may stay frozen.',
    );
  }
  if (killed) {
    const channel = record.channel_value ?? record.channel;
    const other = record.after.find((event) => event.channel !== undefined && event.channel !== channel);
    return result(
      'program-killed',
      other !== undefined && channel === -1
        ? `The driver killed channel ${other.channel ?? ''}. The program on it lost its GPU context; if that was the display server, so did the desktop.`
        : DISPLAY_SERVERS.test(record.process ?? '')
          ? `The driver killed the channel. ${record.process ?? ''} lost its GPU context, and it is, or speaks for, the display server: the desktop goes with it.`
          : 'The driver killed the channel. Only that program lost its GPU context; if it was the display server or compositor, the desktop goes with it.',
    );
  }
  if (kinds.has('recovering') || kinds.has('recovery-scheduled') || kinds.has('rc-scheduled')) {
    return result('recovering', 'The driver began to recover the engine. The log does not say how that ended.');
  }
  if (record.after.some(({ kind, xid }) => kind === 'other-xid' && (xid === 45 || xid === 43))) {
    return result(
      'program-killed',
      'The driver tore channels down (Xid 43 or 45): the programs on them lost their GPU contexts.',
    );
  }
  if (record.decoded.engine === 'bar2' && record.channel === -1) {
    return result(
      'nothing',
      'No recovery follows. The driver touched instance memory that was gone; often nothing visible comes of it, but some such machines hang later.',
    );
  }
  if (record.driver === 'nvidia') {
    return result(
      'unknown',
      'The log shows nothing further. After an Xid 31 the driver ends the context of that program; others go on.',
    );
  }
  return result('unknown', 'The log shows nothing further about this GPU: no recovery, no killed channel.');
}
