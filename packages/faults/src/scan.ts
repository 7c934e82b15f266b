import { Cursor } from './cursor.js';
import { fifoTail, readNamedFault, readNumberedFault } from './grammar-fifo.js';
import { readRecovery } from './grammar-gsp.js';
import { readTrap } from './grammar-nv50.js';
import { readBareSentence, readFirmwareXid, readNvlink, readXid31 } from './grammar-xid.js';
import { hexValue, type Match } from './match.js';
import type { FaultFields } from './record.js';

/** A fault message found in a text. */
export interface Found {
  readonly match: Match;
  /** Where the message, without device and unit, begins. */
  readonly start: number;
}

type Reader = (text: string, at: number, from: number) => Found | undefined;

interface Anchor {
  readonly word: string;
  readonly read: Reader;
}

const XID_DEVICE =
  /^(?:PCI:)?([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?)(?: GPU-I:\w{1,8})?\): {0,4}(\d{1,4}),/;
const XID_WINDOW = 64;

/** Device and number of an Xid at `Xid (`; a slice of a partitioned GPU prints its number behind the device. */
export function readXidHead(text: string, at: number): { bdf: string; xid: number; end: number } | undefined {
  const from = at + 'Xid ('.length;
  const found = XID_DEVICE.exec(text.slice(from, from + XID_WINDOW));
  if (found?.[1] === undefined) return undefined;
  return { bdf: found[1], xid: Number(found[2]), end: from + found[0].length };
}

const ANCHORS: readonly Anchor[] = [
  {
    word: 'fault ',
    read(text, at, from) {
      const after = at + 6;
      for (const access of ['read', 'write']) {
        const start = at - access.length - 1;
        if (start >= from && text.startsWith(access, start) && !isWordBefore(text, start)) {
          const match = readNamedFault(text, after, access);
          return match && { match, start };
        }
      }
      if (isWordBefore(text, at)) return undefined;
      const match = readNumberedFault(text, after);
      return match && { match, start: at };
    },
  },
  {
    word: 'rapped ',
    read(text, at, from) {
      const start = at - 1;
      if (start < from || (text[start] !== 't' && text[start] !== 'T')) return undefined;
      const match = readTrap(text, at + 7, text.slice(Math.max(from, start - 80), start));
      return match && { match, start };
    },
  },
  {
    word: 'rc engn:',
    read(text, at) {
      const match = readRecovery(text, at + 8);
      return match && { match, start: at };
    },
  },
  {
    word: 'Xid (',
    read(text, at) {
      const head = readXidHead(text, at);
      if (head?.xid !== 31) return undefined;
      return { match: readXid31(text, head.end, { bdf: head.bdf, xid: 31 }), start: at };
    },
  },
  {
    word: 'Xid:31 ',
    read: (text, at) => ({ match: readFirmwareXid(text, at + 7), start: at }),
  },
  {
    word: 'MMU Fault: ',
    read(text, at) {
      const match = readBareSentence(text, at + 11);
      return match && { match, start: at };
    },
  },
  {
    word: 'NVLink remote translation error: ',
    read(text, at) {
      const match = readNvlink(text, at + 33);
      return match && { match, start: at };
    },
  },
  {
    // A line that lost its beginning: the rest of N4 and N5 is still unmistakable.
    word: ' engine ',
    read(text, at, from) {
      const fields: FaultFields = {};
      let start = at;
      const digits = /(?:^|\s)(?:(?:at )?([0-9a-f]{1,16}))$/.exec(text.slice(Math.max(from, at - 24), at));
      if (digits?.[1] !== undefined) {
        start = at - digits[1].length;
        // Fewer than ten digits: the address itself lost its beginning.
        if (digits[1].length >= 10) {
          fields.address = digits[1];
          fields.address_value = hexValue(digits[1]);
        }
      }
      const match = fifoTail(new Cursor(text, at), fields, 'gk104+', 'N5');
      if (fields.client === undefined) return undefined;
      const hub = fields.client_unit === 'HUB' || digits?.[1]?.length === 16;
      const form = hub ? 'gk104+' : 'gf100';
      return { match: { ...match, form, grammar: hub ? 'N5' : 'N4', state: 'damaged', cut: false }, start };
    },
  },
];

function isWordBefore(text: string, at: number): boolean {
  return at > 0 && /\w/.test(text.charAt(at - 1));
}

/**
 * Finds the first fault message at or after `from`. Every anchor word is looked for once over the whole text, so that
 * finding all messages of a text is linear in its length.
 */
export class FaultScanner {
  readonly #text: string;
  readonly #next: number[];

  constructor(text: string) {
    this.#text = text;
    this.#next = ANCHORS.map(({ word }) => text.indexOf(word));
  }

  /** Returns the next message at or after `from`, or nothing if there is none; `from` must not go back. */
  next(from: number): Found | undefined {
    const text = this.#text;
    for (;;) {
      let best = -1;
      let at = Number.POSITIVE_INFINITY;
      for (let i = 0; i < ANCHORS.length; i++) {
        let position = this.#next[i] ?? -1;
        if (position >= 0 && position < from) {
          position = text.indexOf(ANCHORS[i]?.word ?? '', from);
          this.#next[i] = position;
        }
        if (position >= 0 && position < at) {
          at = position;
          best = i;
        }
      }
      const anchor = ANCHORS[best];
      if (anchor === undefined) return undefined;
      const found = anchor.read(text, at, from);
      if (found !== undefined) return found;
      this.#next[best] = text.indexOf(anchor.word, at + 1);
    }
  }
}

const DEVICE = /(?:^|[^0-9a-fA-F:])([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}\.[0-7])(?=[:\]\s]|$)/g;
const PLATFORM = /nouveau ([0-9a-f]{6,10}\.\w{1,16}):/;
const NVRM_DEVICE = /(?:PCI:|\()([0-9a-fA-F]{4}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2}(?:\.[0-7])?)\b/;
const PREFIX_WINDOW = 200;

/** The device that the text in front of a nouveau message names. */
export function deviceBefore(text: string, from: number, start: number): { bdf?: string; device?: string } {
  const prefix = text.slice(Math.max(from, start - PREFIX_WINDOW), start);
  const driver = prefix.lastIndexOf('nouveau');
  if (driver < 0) return {};
  const own = prefix.slice(driver);
  let bdf: string | undefined;
  for (const found of own.matchAll(DEVICE)) {
    bdf = found[1];
    break;
  }
  if (bdf !== undefined) return { bdf };
  const device = PLATFORM.exec(own)?.[1];
  return device === undefined ? {} : { device };
}

/** The PCI address that an NVRM line names. */
export function nvrmDevice(text: string): string | undefined {
  return NVRM_DEVICE.exec(text.length > 200 ? text.slice(0, 200) : text)?.[1];
}

const BDF = String.raw`[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]`;
const OPEN_ENDS = [
  /(?:^|[\s\]>])(?:nouveau|NVRM:)$/,
  new RegExp(String.raw`nouveau (?:${BDF}|[0-9a-f]{6,10}\.\w{1,16}):?$`),
  new RegExp(String.raw`nouveau \S{6,24}: (?:fifo|fb|gsp|bus|gr|mmu|VM|PFIFO|\w{1,32} -(?: VM)?):?$`),
  /nouveau \S{6,24}: \w{1,32} - VM: [tT]rapped$/,
  /nouveau E\[(?: {0,8}P(?:FIFO|FB)\](?:\[[0-9a-f:.]{4,16}\])?(?: PFIFO:)?)?$/,
  /(?:fifo:|PFIFO\]\[[0-9a-f:.]{4,16}\]|PFIFO:) (?:read|write|fault)(?: fault)?(?: [0-9a-f]{2})?$/,
  /(?:fb:|VM:|PFB\]\[[0-9a-f:.]{4,16}\]) [tT]rapped(?: (?:read|write))?$/,
  /NVRM: Xid(?: \((?:PCI:)?[0-9a-f:.]{0,16}\)?:?(?: 31,?)?)?$/,
  /NVRM: (?:MMU(?: Fault:)?|NVLink(?: remote(?: translation(?: error:?)?)?)?)$/,
  /gsp: (?:rc(?: engn:[0-9a-f]{8})?|Xid:31)$/,
];

/** Says whether a line ends where a mail program may have wrapped a message before its first telling word. */
export function endsBeforeMessage(text: string): boolean {
  const tail = text.slice(-72).trimEnd();
  return OPEN_ENDS.some((end) => end.test(tail));
}
