import { Cursor } from './cursor.js';
import { hexValue, type Match } from './match.js';
import type { FaultFields } from './record.js';

/**
 * Reads what follows `rc engn:`: `%08x chid:%d[ gfid:%d level:%d] type:%d scope:%d part:%d[ fault_addr:… fault_type:…]`.
 * The type is an Xid number; the caller keeps only 31.
 */
export function readRecovery(text: string, from: number): Match | undefined {
  const cursor = new Cursor(text, from);
  const fields: FaultFields = {};
  const stop = (cut = false): Match => ({
    driver: 'nouveau',
    form: 'gsp-rc',
    grammar: 'N8',
    fields,
    state: cursor.starved ? 'short' : 'damaged',
    end: cursor.pos,
    cut,
  });
  const engine = cursor.hex(8, 8);
  if (engine === undefined) return cursor.starved ? stop() : undefined;
  fields.engine_id = engine;
  const number = (label: string): number | undefined => {
    const before = cursor.pos;
    if (!cursor.take(label)) return undefined;
    const value = cursor.integer();
    if (value === undefined) cursor.pos = before;
    return value === undefined ? undefined : Number(value);
  };
  const channel = number(' chid:');
  if (channel === undefined) return stop();
  fields.channel = channel;
  cursor.forget();
  const gfid = number(' gfid:');
  if (gfid !== undefined) {
    fields.gfid = gfid;
    const level = number(' level:');
    if (level === undefined) return stop();
    fields.level = level;
  }
  const type = number(' type:');
  if (type === undefined) return stop();
  fields.rc_type = type;
  const scope = number(' scope:');
  if (scope === undefined) return stop(true);
  fields.scope = scope;
  const part = number(' part:');
  if (part === undefined) return stop(true);
  fields.part = part;
  cursor.forget();
  const end = cursor.pos;
  if (!cursor.take(' fault_addr:')) {
    // Firmware 570 adds the address, perhaps on the next line of a wrapped mail.
    const open = gfid !== undefined && (cursor.starved || cursor.atEnd);
    return { ...stop(), state: open ? 'open' : 'full', end };
  }
  const address = cursor.hex(16, 16);
  if (address === undefined) return stop(true);
  if (!cursor.take(' fault_type:')) return stop(true);
  const reason = cursor.hex(8, 8);
  if (reason === undefined) return stop(true);
  if (type === 31) {
    fields.address = address;
    fields.address_value = hexValue(address);
    fields.reason_id = reason;
  }
  return { driver: 'nouveau', form: 'gsp-rc', grammar: 'N8', fields, state: 'full', end: cursor.pos };
}
