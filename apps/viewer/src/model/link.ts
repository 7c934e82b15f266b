import { deflate, inflate } from './details.js';

/** Names of the views, in the order of their tabs. */
export const VIEWS = ['space', 'tables', 'walk', 'events', 'compare', 'explain'] as const;

/** One view of the page. */
export type View = (typeof VIEWS)[number];

/** What a link carries: where the script comes from, and what is looked at. Absent members have their defaults. */
export interface Link {
  /** Name of an example. */
  readonly ex?: string;
  /** A script, packed. */
  readonly z?: string;
  /** Name of a file that the reader has to open. */
  readonly file?: string;
  /** Name of the file that the server hands over at `./file`. */
  readonly served?: string;
  readonly step?: number;
  readonly view?: View;
  readonly space?: string;
  /** The address that the views are about. */
  readonly at?: bigint;
  /** The table at that address, by level. */
  readonly level?: string;
  readonly entry?: number;
  /** The other chip of a comparison. */
  readonly chip?: string;
}

const TEXTS = ['ex', 'z', 'file', 'served', 'space', 'level', 'chip'] as const;

/** Reads a fragment. What makes no sense is left out. */
export function parseLink(fragment: string): Link {
  const params = new URLSearchParams(fragment.replace(/^#/, ''));
  const link: Record<string, unknown> = {};
  for (const key of TEXTS) {
    const value = params.get(key);
    if (value !== null && value !== '') link[key] = value;
  }
  for (const key of ['step', 'entry'] as const) {
    const value = params.get(key);
    if (value !== null && /^\d{1,9}$/.test(value)) link[key] = Number(value);
  }
  const at = params.get('at');
  if (at !== null && /^0x[0-9a-f]{1,16}$/.test(at)) link['at'] = BigInt(at);
  const view = VIEWS.find((name) => name === params.get('view'));
  if (view !== undefined) link['view'] = view;
  return link;
}

/** Writes a fragment, without `#`. */
export function formatLink(link: Link): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(link) as [string, string | number | bigint | undefined][]) {
    if (value === undefined) continue;
    const text = typeof value === 'bigint' ? `0x${value.toString(16)}` : String(value);
    parts.push(`${key}=${encodeURIComponent(text)}`);
  }
  return parts.join('&');
}

/** Most characters of a packed script in a link; longer ones are named, not carried. */
export const PACKED_LIMIT = 12_000;
/** Most bytes that a packed script may unpack to: links come from strangers. */
const UNPACKED_LIMIT = 4 * 2 ** 20;

/** Packs a script for a link; `undefined` when it is too long for one. */
export async function packScript(text: string): Promise<string | undefined> {
  if (text.length > UNPACKED_LIMIT) return undefined;
  const bytes = await deflate(new TextEncoder().encode(text));
  if (bytes.length > PACKED_LIMIT) return undefined;
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Undoes {@link packScript}.
 *
 * @throws Error when the link is damaged.
 */
export async function unpackScript(packed: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    const binary = atob(packed.replaceAll('-', '+').replaceAll('_', '/'));
    bytes = await inflate(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
  } catch (error) {
    throw new Error('the link is damaged: its script can’t be unpacked', { cause: error });
  }
  if (bytes.length > UNPACKED_LIMIT) throw new Error('the script in the link is too long');
  return new TextDecoder().decode(bytes);
}
