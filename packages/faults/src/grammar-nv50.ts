import { Cursor } from './cursor.js';
import { enumName } from './grammar-fifo.js';
import { hexValue, type Match, readProcess, setCutProcess, setProcess } from './match.js';
import type { FaultFields } from './record.js';
import { isKnownReason } from './vocabulary.js';

/** How much text of other messages may stand between the pieces of one N2 line. */
const PIECE_WINDOW = 400;

/** Reads what follows `trapped ` or `Trapped `: N1, N2, N3 or the oldest form. `before` is the text in front. */
export function readTrap(text: string, from: number, before: string): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = {};
  let grammar = 'N1';
  let pieces = false;
  const stop = (cut = false): Match => ({
    driver: 'nouveau',
    form: 'nv50',
    grammar,
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
    pieces,
  });
  const early = (): Match | undefined => (cursor.starved ? stop() : undefined);
  const access = cursor.take('read') ? 'read' : cursor.take('write') ? 'write' : undefined;
  if (access === undefined) return early();
  fields.access = access;
  cursor.forget();
  if (!cursor.take(' at ')) return early();
  const prefixed = cursor.take('0x');
  cursor.forget();
  const address = cursor.hex(10, 10);
  if (address === undefined) return early();
  fields.address = prefixed ? `0x${address}` : address;
  fields.address_value = hexValue(address);

  if (prefixed) {
    pieces = true;
    if (cursor.take(' on channel 0x')) {
      grammar = 'N2';
      const channel = cursor.hex(8, 8);
      if (channel === undefined) return stop();
      // The driver prints the instance block's page number here and calls it the channel.
      fields.channel = `0x${channel}`;
      fields.inst = `0x${channel}`;
      fields.inst_value = hexValue(`${channel}000`);
      if (!cursor.take(' [')) return stop();
      const end = text.indexOf('] ', cursor.pos);
      const process = readProcess(end < 0 ? text : text.slice(0, closing(text, cursor.pos, end)), cursor.pos);
      if (!process.closed) {
        setCutProcess(fields, process.text);
        cursor.starve();
        cursor.pos = process.end;
        return stop();
      }
      setProcess(fields, process.text);
      cursor.pos = process.end;
    } else if (cursor.take(' on ch ')) {
      grammar = 'N3';
      const channel = cursor.integer();
      if (channel === undefined) return stop();
      fields.channel = Number(channel);
      if (!cursor.take(' [0x')) return stop();
      const inst = cursor.hex(8, 8);
      if (inst === undefined) return stop();
      fields.inst = `0x${inst}`;
      fields.inst_value = hexValue(`${inst}000`);
      if (!cursor.take(']')) return stop();
    } else return stop();
    return readUnits(cursor, fields, grammar);
  }

  cursor.forget();
  if (cursor.take(' status ')) {
    grammar = 'N3';
    const status = cursor.hex(8, 8);
    if (status === undefined) return stop();
    fields.status = status;
    const unit = /(P\w{2,62}) - VM: {1,64}$/.exec(before)?.[1];
    if (unit !== undefined) fields.unit = unit;
    if (!cursor.take(' channel ')) return stop(true);
    const channel = cursor.integer();
    if (channel === undefined) return stop(true);
    fields.channel = Number(channel);
    if (!cursor.take(' (0x')) return stop(true);
    const inst = cursor.hex(8, 8);
    if (inst === undefined) return stop(true);
    fields.inst = `0x${inst}`;
    fields.inst_value = hexValue(`${inst}000`);
    cursor.take(')');
    return { driver: 'nouveau', form: 'nv50', grammar, fields, state: 'full', end: cursor.pos };
  }
  const statusCut = cursor.starved;
  const match = readNumbered(cursor, fields, stop);
  return statusCut && match.state === 'damaged' ? { ...match, state: 'short' } : match;
}

/** Position after the bracket that closes the process of an N2 line; its message goes on with a blank and names. */
function closing(text: string, from: number, first: number): number {
  const rest = text.slice(from, from + 96);
  const pid = /\[\d{1,10}\]\](?= |$)/.exec(rest);
  return pid === null ? first + 1 : from + pid.index + pid[0].length;
}

/** Reads ` ENGINE/CLIENT/SUBCLIENT reason: REASON`; other messages may have cut in before it. */
function readUnits(cursor: Cursor, fields: FaultFields, grammar: string): Match {
  const result = (state: Match['state'], cut = false): Match => ({
    driver: 'nouveau',
    form: 'nv50',
    grammar,
    fields,
    state,
    end: cursor.pos,
    cut,
    pieces: true,
  });
  const end = cursor.pos;
  cursor.forget();
  if (!cursor.take(' ')) return result('short');
  if (!unitNames(cursor, fields)) {
    const rest = cursor.text.slice(end, end + PIECE_WINDOW);
    const found = /\s([^/\s]{1,40}\/[^/\s]{1,40}\/\S{1,40} reason: )/.exec(rest);
    if (found?.[1] === undefined) {
      cursor.pos = end;
      return result('short');
    }
    cursor.pos = end + found.index + 1;
    cursor.forget();
    if (!unitNames(cursor, fields)) return result('damaged');
  }
  cursor.forget();
  if (!cursor.take(' reason: ')) return result(cursor.starved ? 'short' : 'damaged');
  const reason = enumName(cursor, ' ') ?? cursor.word(40);
  if (reason === undefined) return result('short');
  // A name or a number; what else sticks to it comes from the page that the log was posted on.
  const word = /^(?:[A-Z][A-Z0-9_]*|0x[0-9a-f]{1,8}|\(unknown enum \w+\))/.exec(reason)?.[0];
  if (word === undefined) return result('damaged');
  fields.reason = word;
  const cut = cursor.atEnd && !isKnownReason(fields.reason);
  return result(cut ? 'open' : 'full', cut);
}

function unitNames(cursor: Cursor, fields: FaultFields): boolean {
  const from = cursor.pos;
  const engine = enumName(cursor, '/ ');
  if (engine !== undefined && cursor.take('/')) {
    const client = enumName(cursor, '/ ');
    if (client !== undefined && cursor.take('/')) {
      const subclient = cursor.text.startsWith('(', cursor.pos) ? enumName(cursor, ' ') : cursor.word(40);
      if (subclient !== undefined) {
        fields.engine = engine;
        fields.client = client;
        fields.subclient = subclient;
        return true;
      }
    }
  }
  cursor.pos = from;
  return false;
}

/** Reads the rest of N1: ` on channel %d [%08x %s] engine … client … subclient … reason %08x [%s]`. */
function readNumbered(cursor: Cursor, fields: FaultFields, stop: (cut?: boolean) => Match): Match {
  cursor.forget();
  if (!cursor.take(' on channel ')) return stop();
  const channel = cursor.integer();
  if (channel === undefined) return stop();
  fields.channel = Number(channel);
  if (!cursor.take(' [')) return stop();
  const inst = cursor.hex(8, 8);
  if (inst === undefined) return stop();
  fields.inst = inst;
  fields.inst_value = hexValue(inst);
  if (!cursor.take(' ')) return stop();
  // The name may hold brackets itself; what follows it is fixed.
  const window = cursor.text.slice(cursor.pos, cursor.pos + 256);
  const close = /\]\s{1,64}engine\s{1,64}[0-9a-fA-F]{2}\s/.exec(window);
  if (close === null) {
    const end = window.lastIndexOf(']');
    const tail = end < 0 ? '' : window.slice(end + 1).trimStart();
    // Cut in the name, or right behind it.
    if (window.length < 256 && (end < 0 || 'engine 00 ['.startsWith(tail.slice(0, 7)))) cursor.starve();
    if (end >= 0 && /^(?:DRM|unknown|.*\[\d{1,10}\])$/s.test(window.slice(0, end))) {
      setProcess(fields, window.slice(0, end));
    } else setCutProcess(fields, window);
    return stop();
  }
  setProcess(fields, window.slice(0, close.index));
  cursor.pos += close.index + 1;
  for (const key of ['engine', 'client', 'subclient'] as const) {
    if (!cursor.take(` ${key} `)) return stop();
    const id = cursor.hex(2, 2);
    if (id === undefined || !cursor.take(' ')) return stop();
    const name = cursor.bracketed();
    if (name === undefined) return stop();
    fields[`${key}_id`] = id;
    fields[key] = name;
  }
  if (!cursor.take(' reason ')) return stop();
  const id = cursor.hex(8, 8);
  if (id === undefined) return stop();
  fields.reason_id = id;
  if (!cursor.take(' ')) return stop(true);
  const reason = cursor.bracketed();
  if (reason === undefined) return stop(true);
  fields.reason = reason;
  return { driver: 'nouveau', form: 'nv50', grammar: 'N1', fields, state: 'full', end: cursor.pos };
}
