import { createHash } from 'node:crypto';
import type { Sha256Factory } from '@nvmmu/script';

/** SHA-256 by Node's own library. */
export const nodeSha256: Sha256Factory = () => {
  const hash = createHash('sha256');
  return {
    update: (data) => hash.update(data),
    digest: () => hash.digest('hex'),
  };
};
