import { sha256 } from '@noble/hashes/sha2.js';

/** A SHA-256 that is fed in pieces. */
export interface Sha256 {
  update(data: Uint8Array): unknown;
  /** Ends it and returns the hash as 64 lower-case hexadecimal digits. */
  digest(): string;
}

/** Makes a fresh SHA-256. In Node, `node:crypto` makes one that is several times as fast as the default. */
export type Sha256Factory = () => Sha256;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The default SHA-256, which runs anywhere. */
export const portableSha256: Sha256Factory = () => {
  const hash = sha256.create();
  return {
    update: (data) => hash.update(data),
    digest: () => {
      let text = '';
      for (const byte of hash.digest()) text += HEX[byte] ?? '';
      return text;
    },
  };
};
