import { type NameTable, names } from './names.js';

/** Engines of gf100. */
export const GF100_ENGINES: NameTable = /* @__PURE__ */ names(
  '00:PGRAPH 03:PEEPHOLE 04:BAR1 05:BAR3 07:PFIFO 10:PMSVLD 11:PMSPPP 13:PCOUNTER 14:PMSPDEC 15:PCE0 ' +
    '16:PCE1 17:PMU',
);

/** Hub clients of gf100. */
export const GF100_HUB_CLIENTS: NameTable = /* @__PURE__ */ names(
  '01:PCOPY0 02:PCOPY1 04:DISPATCH 05:CTXCTL 06:PFIFO 07:BAR_READ 08:BAR_WRITE 0b:PVP 0c:PMSPPP ' +
    '0d:PMSVLD 11:PCOUNTER 12:PMU 14:CCACHE 15:CCACHE_POST',
);

/** Clients inside a GPC of gf100. */
export const GF100_GPC_CLIENTS: NameTable = /* @__PURE__ */ names('01:TEX 0c:ESETUP 0e:CTXCTL 0f:PROP');

/** Reasons of gf100. */
export const GF100_REASONS: NameTable = /* @__PURE__ */ names(
  '00:PT_NOT_PRESENT 01:PT_TOO_SHORT 02:PAGE_NOT_PRESENT 03:VM_LIMIT_EXCEEDED 04:NO_CHANNEL ' +
    '05:PAGE_SYSTEM_ONLY 06:PAGE_READ_ONLY 0a:COMPRESSED_SYSRAM 0c:INVALID_STORAGE_TYPE',
);
