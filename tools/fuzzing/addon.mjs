// The fuzzer's addon is built against glibc 2.38. What it needs of it are two names for functions that are in any glibc,
// and a mark without code. On an older system this makes the addon ask for what is there: `__isoc23_strtol` and
// `__isoc23_strtoul` become `strtol` and `strtoul` (which read hexadecimal the same), the mark becomes optional.

import { readFileSync, writeFileSync } from 'node:fs';

const NEEDED = [2, 38];
const NEWER = new Set(['GLIBC_2.38', 'GLIBCXX_3.4.32']);
const MARK = '_ZSt21ios_base_library_initv';
const PREFIX = '__isoc23_';

/** ELF section types. */
const DYNSYM = 11;
const VERNEED = 0x6ffffffe;
const VERSYM = 0x6fffffff;
/** A symbol of any version; a version, and a symbol, that may be missing. */
const VER_GLOBAL = 1;
const VER_WEAK = 2;
const STB_WEAK = 2;

function isOld(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
}

function sections(bytes) {
  const start = Number(bytes.readBigUInt64LE(0x28));
  return Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, i) => {
    const at = start + i * 64;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 24)),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      link: bytes.readUInt32LE(at + 40),
    };
  });
}

/** Makes the addon load where glibc is older than it asks for. */
export function fitAddon() {
  const version = process.report.getReport().header.glibcVersionRuntime;
  if (process.platform !== 'linux' || version === undefined || !isOld(version)) return;
  const file = new URL(`node_modules/@jazzer.js/fuzzer/prebuilds/fuzzer-linux-${process.arch}.node`, import.meta.url);
  const bytes = readFileSync(file);
  const all = sections(bytes);
  const [symbols, needs, versions] = [DYNSYM, VERNEED, VERSYM].map((type) => all.find((one) => one.type === type));
  const strings = all[symbols.link].offset;
  const name = (at) => bytes.toString('latin1', strings + at, bytes.indexOf(0, strings + at));

  for (let i = 0; i * 24 < symbols.size; i++) {
    const at = symbols.offset + i * 24;
    const text = name(bytes.readUInt32LE(at));
    if (text.startsWith(PREFIX)) bytes.writeUInt32LE(bytes.readUInt32LE(at) + PREFIX.length, at);
    else if (text === MARK) bytes[at + 4] = (STB_WEAK << 4) | (bytes[at + 4] & 15);
    else continue;
    bytes.writeUInt16LE(VER_GLOBAL, versions.offset + 2 * i);
  }
  for (let at = needs.offset, next = 1; next !== 0; at += next) {
    let need = at + bytes.readUInt32LE(at + 8);
    for (let count = bytes.readUInt16LE(at + 2); count > 0; count--) {
      const flags = bytes.readUInt16LE(need + 4);
      if (NEWER.has(name(bytes.readUInt32LE(need + 8)))) bytes.writeUInt16LE(flags | VER_WEAK, need + 4);
      need += bytes.readUInt32LE(need + 12);
    }
    next = bytes.readUInt32LE(at + 12);
  }
  writeFileSync(file, bytes);
}
