import { Cursor } from './cursor.js';
import { hexValue, type Match } from './match.js';
import type { FaultFields, Form } from './record.js';
import { isKnownAccess } from './vocabulary.js';

/** Reads a `0xHI_LLLLLLLL` address into `address` and `address_value`. */
function splitAddress(cursor: Cursor, fields: FaultFields): boolean {
  const from = cursor.pos;
  if (!cursor.take('0x')) return false;
  const high = cursor.hex(1, 8);
  if (high !== undefined && cursor.take('_')) {
    const low = cursor.hex(8, 8);
    if (low !== undefined) {
      fields.address = `0x${high}_${low}`;
      fields.address_value = hexValue(high + low);
      return true;
    }
  }
  cursor.pos = from;
  return false;
}

/** Reads `Fault is of type T A` after an address. */
function faultType(cursor: Cursor, fields: FaultFields): boolean {
  if (!cursor.take('. Fault is of type ')) return false;
  const reason = cursor.word(64);
  if (reason === undefined) return false;
  fields.reason = reason;
  if (!cursor.take(' ')) return false;
  const access = cursor.word(64);
  if (access === undefined) return false;
  fields.access = trimMark(access);
  return true;
}

/** Takes off what a page or mail puts behind the last word of a line. */
function trimMark(word: string): string {
  return /^\w+/.exec(word)?.[0] ?? word;
}

/** Reads `ENGINE E [GPCn ]CLIENT faulted @ 0xH_L. Fault is of type T A`. */
function mmuSentence(cursor: Cursor, fields: FaultFields): boolean {
  if (!cursor.take('ENGINE ')) return false;
  const engine = cursor.word(40);
  if (engine === undefined || !cursor.take(' ')) return false;
  fields.engine = engine;
  let client = cursor.word(64);
  if (client === undefined) return false;
  const gpc = /^GPC(\d{1,3})$/.exec(client)?.[1];
  if (gpc !== undefined) {
    fields.gpc = Number(gpc);
    if (!cursor.take(' ')) return false;
    client = cursor.word(64);
    if (client === undefined) return false;
  }
  if (!cursor.take(' faulted @ ')) return false;
  fields.client = client;
  return splitAddress(cursor, fields) && faultType(cursor, fields);
}

/** Reads the process id: digits, or a quoted `<unknown>`. */
function xidPid(cursor: Cursor, fields: FaultFields): boolean {
  const text = cursor.upTo(',', 24);
  if (text === undefined || !/^'?<?\w{1,20}>?'?$/.test(text)) return false;
  fields.pid = /^\d{1,10}$/.test(text) ? Number(text) : text;
  return true;
}

/** Position of the `, Ch ` or `, channel ` that ends a process name, at most 256 characters on. */
function nameEnd(text: string, from: number): number {
  const window = text.slice(from, from + 256);
  const found = /,\s{1,64}(?:[Cc]h|[Cc]hannel)\s{1,64}(?:0x)?[0-9a-fA-F]{8}/.exec(window);
  return found === null ? -1 : from + found.index;
}

/** Reads what follows `Xid (…): 31, `; `fields` already has the device. */
export function readXid31(text: string, from: number, fields: FaultFields): Match {
  const cursor = new Cursor(text, from);
  let grammar = 'R1';
  const stop = (cut = false): Match => ({
    driver: 'nvidia',
    form: 'xid31',
    grammar,
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
  });
  cursor.take(' ');
  if (cursor.take('pid=')) {
    grammar = 'R2b';
    if (!xidPid(cursor, fields) || !cursor.take(', ')) return stop();
  }
  if (cursor.take('name=')) {
    grammar = 'R2c';
    const end = nameEnd(text, cursor.pos);
    if (end < 0) {
      // The rest may stand on the next line.
      if (text.length - cursor.pos < 256) cursor.starve();
      return stop();
    }
    fields.process = text.slice(cursor.pos, end);
    cursor.pos = end;
    cursor.take(', ');
  }
  const long = cursor.take('channel ') || cursor.take('Channel ');
  if (!long && !cursor.take('Ch ') && !cursor.take('ch ')) return stop();
  if (long) grammar = 'R2d';
  const prefixed = cursor.take('0x');
  const channel = cursor.hex(8, 8);
  if (channel === undefined) return stop();
  fields.channel = prefixed ? `0x${channel}` : channel;
  fields.channel_value = Number.parseInt(channel, 16);
  if (cursor.take(', engmask ')) {
    const mask = cursor.hex(8, 8);
    if (mask === undefined) return stop(true);
    fields.engmask = mask;
  }
  if (!cursor.take(', intr ')) return stop(true);
  const intr = cursor.hex(8, 8);
  if (intr === undefined) return stop(true);
  fields.intr = intr;
  cursor.forget();
  const end = cursor.pos;
  if (!cursor.take('. ')) {
    const open = cursor.starved || text.slice(end, end + 64).trim() === '.';
    return { ...stop(), state: open ? 'open' : 'full', end };
  }
  if (grammar === 'R1') grammar = 'R2a';
  if (cursor.take('MMU Fault: ')) {
    if (!mmuSentence(cursor, fields)) return stop(true);
  } else if (cursor.take('NVLink remote translation error: faulted @ ')) {
    if (!splitAddress(cursor, fields) || !faultType(cursor, fields)) return stop(true);
  } else return { ...stop(true), state: cursor.starved || cursor.atEnd ? 'short' : 'full' };
  return { ...stop(), ...lastWord(cursor, fields) };
}

/** A last word that is no access type and ends the line may have been cut. */
function lastWord(cursor: Cursor, fields: FaultFields): { state: Match['state']; cut: boolean } {
  const cut = cursor.atEnd && !isKnownAccess(fields.access ?? '');
  return { state: cut ? 'open' : 'full', cut };
}

/** Reads what follows `MMU Fault: ` outside an Xid: the sentence without its head, or the form of debug builds. */
export function readBareSentence(text: string, from: number): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = {};
  if (!text.startsWith('ENGINE 0x', from)) {
    const whole = mmuSentence(cursor, fields);
    // At the end of a line nobody can tell yet which of the two forms it is.
    if (fields.address === undefined && !(cursor.starved && text.length - from < 96)) return undefined;
    return {
      driver: 'nvidia',
      form: 'xid31',
      grammar: 'R2',
      fields,
      state: !whole && cursor.starved ? 'short' : 'damaged',
      end: cursor.pos,
    };
  }
  const stop = (cut = false): Match => ({
    driver: 'nvidia',
    form: 'mmu-debug',
    grammar: 'R-debug',
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
  });
  cursor.take('ENGINE 0x');
  const engine = cursor.hex(1, 8);
  if (engine === undefined || !cursor.take(' (')) return stop();
  fields.engine_id = engine;
  const names = cursor.upTo(')', 96);
  if (names === undefined) return stop();
  const split = /^(\S*)\s{1,64}(.*)$/s.exec(names);
  fields.engine = split?.[1] ?? names;
  if (split?.[2] !== undefined) fields.client = split[2].trim();
  if (!cursor.take(') faulted @ ') || !splitAddress(cursor, fields)) return stop();
  if (!cursor.take('. Fault is of type 0x')) return stop();
  const reasonId = cursor.hex(1, 8);
  if (reasonId === undefined || !cursor.take(' (')) return stop();
  fields.reason_id = reasonId;
  const reason = cursor.upTo(')', 64);
  if (reason === undefined) return stop();
  fields.reason = reason;
  if (!cursor.take('). Access type is 0x')) return stop(true);
  const accessId = cursor.hex(1, 8);
  if (accessId === undefined || !cursor.take(' (')) return stop(true);
  fields.access_id = accessId;
  const access = cursor.upTo(')', 64);
  if (access === undefined) return stop(true);
  fields.access = access;
  cursor.take(')');
  cursor.forget();
  for (const [label, key] of [
    [' on GPC ', 'gpc'],
    [' on VEID ', 'veid'],
  ] as const) {
    const value = cursor.take(label) ? cursor.integer() : undefined;
    if (value !== undefined) fields[key] = Number(value);
  }
  return { ...stop(), state: cursor.starved ? 'open' : 'full' };
}

/** Reads what follows `NVLink remote translation error: ` outside an Xid. */
export function readNvlink(text: string, from: number): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = {};
  const result = (state: Match['state'], cut = false): Match => ({
    driver: 'nvidia',
    form: 'nvlink',
    grammar: 'R-nvlink',
    fields,
    state,
    end: cursor.pos,
    cut,
  });
  if (!cursor.take('faulted @ ') || !splitAddress(cursor, fields)) return cursor.starved ? result('short') : undefined;
  if (!faultType(cursor, fields)) return result(cursor.starved ? 'short' : 'damaged', fields.reason !== undefined);
  const { state, cut } = lastWord(cursor, fields);
  return result(state, cut);
}

/** Reads the MMU-fault sentence in what follows `Xid:31 ` of a nouveau line in firmware mode. */
export function readFirmwareXid(text: string, from: number): Match {
  const form: Form = 'gsp-xid31';
  const fields: FaultFields = { xid: 31 };
  const window = text.slice(from, from + 400);
  const at = window.indexOf('MMU Fault: ');
  const cursor = new Cursor(text, at < 0 ? from : from + at);
  const pid = /\bpid=(\d{1,10})/.exec(window)?.[1];
  if (pid !== undefined) fields.pid = Number(pid);
  const channel = /\b(?:Ch|channel) ((?:0x)?([0-9a-f]{8}))\b/.exec(window);
  if (channel?.[1] !== undefined && channel[2] !== undefined) {
    fields.channel = channel[1];
    fields.channel_value = Number.parseInt(channel[2], 16);
  }
  const base = { driver: 'nouveau', form, grammar: 'N8', fields } as const;
  if (at < 0) return { ...base, state: 'open', end: cursor.pos };
  cursor.take('MMU Fault: ');
  const whole = mmuSentence(cursor, fields);
  if (whole) return { ...base, ...lastWord(cursor, fields), end: cursor.pos };
  return { ...base, state: cursor.starved ? 'short' : 'damaged', end: cursor.pos, cut: true };
}
