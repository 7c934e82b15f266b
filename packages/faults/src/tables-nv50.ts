import { type NameTable, names } from './names.js';

/** Engines of the nv50 family; of two equal ids the driver takes the first, so 08 is never PMPEG. */
export const NV50_ENGINES: NameTable = /* @__PURE__ */ names(
  '00:PGRAPH 01:PVP 04:PEEPHOLE 05:PFIFO 06:BAR 08:PMSPPP 09:PBSP 0a:PCRYPT 0b:PCOUNTER ' +
    '0c:SEMAPHORE_BG 0d:PCE0 0e:PMU',
);

/** Clients of the nv50 family. */
export const NV50_CLIENTS: NameTable = /* @__PURE__ */ names(
  '00:STRMOUT 03:DISPATCH 04:PFIFO_WRITE 05:CCACHE 06:PMSPPP 07:CLIPID 08:PFIFO_READ 09:VFETCH ' +
    '0a:TEXTURE 0b:PROP 0c:PVP 0d:PBSP 0e:PCRYPT 0f:PCOUNTER 11:PDAEMON',
);

/** Reasons of the nv50 family; the log prints them with eight digits. */
export const NV50_REASONS: NameTable = /* @__PURE__ */ names(
  '00:PT_NOT_PRESENT 01:PT_TOO_SHORT 02:PAGE_NOT_PRESENT 03:PAGE_SYSTEM_ONLY 04:PAGE_READ_ONLY ' +
    '06:NULL_DMAOBJ 07:WRONG_MEMTYPE 0b:VRAM_LIMIT 0f:DMAOBJ_LIMIT',
);

const DISPATCH = /* @__PURE__ */ names('00:GRCTX 01:NOTIFY 02:QUERY 03:COND 04:M2M_IN 05:M2M_OUT 06:M2M_NOTIFY');
const CCACHE = /* @__PURE__ */ names('00:CB 01:TIC 02:TSC');
const PROP = /* @__PURE__ */ names(
  '00:RT0 01:RT1 02:RT2 03:RT3 04:RT4 05:RT5 06:RT6 07:RT7 08:ZETA 09:LOCAL 0a:GLOBAL 0b:STACK 0c:DST2D',
);
const PFIFO = /* @__PURE__ */ names('00:PUSHBUF 01:SEMAPHORE');
const BAR = /* @__PURE__ */ names('00:FB 01:IN');

/**
 * Names one part of an nv50 client. The client's own table decides if it has one, else the engine's; where neither
 * has a table, or the table has no such id, there is no name.
 */
export function nv50Subclient(engine: number, client: number, subclient: number): string | undefined {
  const table =
    client === 0x03
      ? DISPATCH
      : client === 0x05
        ? CCACHE
        : client === 0x0b
          ? PROP
          : engine === 0x05
            ? PFIFO
            : engine === 0x06
              ? BAR
              : undefined;
  return table?.get(subclient);
}
