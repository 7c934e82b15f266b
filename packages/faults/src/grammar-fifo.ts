import { Cursor } from './cursor.js';
import { hexValue, type Match, readProcess, setCutProcess, setProcess } from './match.js';
import type { FaultFields, Form } from './record.js';

const GPC = /^GPC(\d{1,3})$/;

/** Reads `[NAME]` where the name may begin with `HUB/` or `GPC<n>/`. */
function client(cursor: Cursor, fields: FaultFields): boolean {
  const text = cursor.bracketed();
  if (text === undefined) return false;
  const slash = text.indexOf('/');
  const unit = slash < 0 ? '' : text.slice(0, slash);
  const gpc = GPC.exec(unit)?.[1];
  if (gpc !== undefined) fields.gpc = Number(gpc);
  if (gpc !== undefined || unit === 'HUB') {
    fields.client_unit = unit;
    fields.client = text.slice(slash + 1);
  } else fields.client = text;
  return true;
}

/** Reads ` engine %02x [%s] client %02x [%s%s] reason %02x [%s] on channel %d [%010llx %s]`, common to N4 and N5. */
export function fifoTail(cursor: Cursor, fields: FaultFields, form: Form, grammar: string): Match {
  const stop = (cut: boolean): Match => ({
    driver: 'nouveau',
    form,
    grammar,
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
  });
  cursor.forget();
  if (!cursor.take(' engine ')) return stop(false);
  const engineId = cursor.hex(2, 2);
  if (engineId === undefined) return stop(false);
  fields.engine_id = engineId;
  if (!cursor.take(' ')) return stop(false);
  const engine = cursor.bracketed();
  if (engine === undefined) return stop(false);
  fields.engine = engine;
  if (!cursor.take(' client ')) return stop(false);
  const clientId = cursor.hex(2, 2);
  if (clientId === undefined) return stop(false);
  fields.client_id = clientId;
  if (!cursor.take(' ') || !client(cursor, fields) || !cursor.take(' reason ')) return stop(false);
  const reasonId = cursor.hex(2, 2);
  if (reasonId === undefined) return stop(false);
  fields.reason_id = reasonId;
  if (!cursor.take(' ')) return stop(false);
  const reason = cursor.bracketed();
  if (reason === undefined) return stop(false);
  fields.reason = reason;
  if (!cursor.take(' on channel ')) return stop(true);
  const channel = cursor.integer();
  if (channel === undefined) return stop(true);
  if (!cursor.take(' [')) return stop(true);
  fields.channel = Number(channel);
  const inst = cursor.hex(1, 16);
  if (inst === undefined) return stop(true);
  fields.inst = inst;
  if (inst.length >= 10) fields.inst_value = hexValue(inst);
  if (!cursor.take(' ')) return stop(true);
  const process = readProcess(cursor.text, cursor.pos);
  if (!process.closed) {
    setCutProcess(fields, process.text);
    cursor.starve();
    cursor.pos = process.end;
    return stop(true);
  }
  setProcess(fields, process.text);
  cursor.pos = process.end;
  const state = endsOddly(cursor, fields) ? 'open' : 'full';
  return { driver: 'nouveau', form, grammar, fields, state, end: process.end };
}

/** Says whether the line ends in a process without pid: a bracket in a name may have passed for the last one. */
function endsOddly(cursor: Cursor, { process, pid }: FaultFields): boolean {
  return cursor.atEnd && pid === undefined && process !== 'DRM' && process !== 'unknown';
}

/** Reads what follows `fault ` in `fault %02x [%s] at %016llx engine …`. */
export function readNumberedFault(text: string, from: number): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = {};
  const stop = (): Match | undefined =>
    cursor.starved
      ? { driver: 'nouveau', form: 'gk104+', grammar: 'N5', fields, state: 'short', end: cursor.pos }
      : undefined;
  const id = cursor.hex(2, 2);
  if (id === undefined || !cursor.take(' ')) return stop();
  fields.access_id = id;
  const access = cursor.bracketed();
  if (access === undefined) return stop();
  fields.access = access;
  if (!cursor.take(' at ')) return stop();
  const address = cursor.hex(10, 16);
  if (address === undefined) return stop();
  fields.address = address;
  fields.address_value = hexValue(address);
  if (cursor.take(' aperture ')) {
    const aperture = cursor.hex(2, 2);
    if (aperture === undefined) return stop();
    fields.aperture_id = aperture;
  }
  return fifoTail(cursor, fields, 'gk104+', 'N5');
}

/** Reads what follows `read fault ` or `write fault `: N4, N6 or N7, whatever the text turns out to be. */
export function readNamedFault(text: string, from: number, access: string): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = { access };
  if (!cursor.take('at ')) {
    return cursor.starved
      ? { driver: 'nouveau', form: 'gf100', grammar: 'N4', fields, state: 'short', end: cursor.pos }
      : undefined;
  }
  if (text.startsWith('0x', cursor.pos)) return slashed(cursor, fields);
  const address = cursor.hex(10, 16);
  if (address === undefined) {
    return cursor.starved
      ? { driver: 'nouveau', form: 'gf100', grammar: 'N4', fields, state: 'short', end: cursor.pos }
      : undefined;
  }
  fields.address = address;
  fields.address_value = hexValue(address);
  return fifoTail(cursor, fields, 'gf100', 'N4');
}

const UNKNOWN_ENUM = '(unknown enum 0x';

/** Reads a name of the older forms: a word, or `(unknown enum 0x%08x)`. */
export function enumName(cursor: Cursor, stops: string): string | undefined {
  const from = cursor.pos;
  if (cursor.take(UNKNOWN_ENUM)) {
    if (cursor.hex(8, 8) !== undefined && cursor.take(')')) return cursor.text.slice(from, cursor.pos);
    cursor.pos = from;
    return undefined;
  }
  const name = cursor.upTo(stops, 40);
  return name === '' ? undefined : name;
}

/** Reads `0x%010llx [%s] from ENGINE[/[GPC<n>/]CLIENT] on channel 0x%010llx[ [%s]]`, N6 and N7. */
function slashed(cursor: Cursor, fields: FaultFields): Match | undefined {
  const { text } = cursor;
  let named = false;
  const stop = (cut = false): Match => ({
    driver: 'nouveau',
    form: 'E[PFIFO]',
    grammar: named ? 'N6' : 'N7',
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
    pieces: true,
  });
  cursor.take('0x');
  const address = cursor.hex(10, 16);
  if (address === undefined) return cursor.starved ? stop() : undefined;
  fields.address = `0x${address}`;
  fields.address_value = hexValue(address);
  if (!cursor.take(' [')) return stop();
  const reason = enumName(cursor, '] ') ?? (cursor.starved ? undefined : '');
  if (reason === undefined) return stop();
  if (!cursor.take('] from ')) return stop();
  fields.reason = reason;
  const engine = enumName(cursor, '/ ');
  if (engine === undefined) return stop();
  fields.engine = engine;
  if (cursor.take('/')) {
    named = true;
    if (text.startsWith('GPC', cursor.pos)) {
      const from = cursor.pos;
      const unit = cursor.upTo('/ ', 8);
      const gpc = unit === undefined ? undefined : GPC.exec(unit)?.[1];
      if (gpc !== undefined && cursor.take('/')) {
        fields.client_unit = `GPC${gpc}`;
        fields.gpc = Number(gpc);
      } else if (cursor.starved) return stop();
      else cursor.pos = from;
    }
    const name = enumName(cursor, ' ');
    if (name === undefined) return stop();
    fields.client = name;
  }
  if (!cursor.take(' on channel 0x')) return stop(true);
  const inst = cursor.hex(10, 16);
  if (inst === undefined) return stop(true);
  fields.inst = `0x${inst}`;
  fields.inst_value = hexValue(inst);
  const end = cursor.pos;
  cursor.forget();
  // A bracket that follows may also be the time stamp of the next message.
  if (!cursor.take(' [') || /^(?: {0,8}\d{1,10}\.\d{1,9}\]|drm\])/.test(text.slice(cursor.pos, cursor.pos + 32))) {
    return { ...stop(), state: cursor.starved || cursor.atEnd ? 'open' : 'full', end };
  }
  const process = readProcess(text, cursor.pos);
  if (!process.closed) {
    setCutProcess(fields, process.text);
    cursor.starve();
    cursor.pos = process.end;
    return stop(true);
  }
  setProcess(fields, process.text);
  return { driver: 'nouveau', form: 'E[PFIFO]', grammar: named ? 'N6' : 'N7', fields, state: 'full', end: process.end };
}
