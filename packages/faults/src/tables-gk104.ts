import { type NameTable, names } from './names.js';

/** Engines of gk104. */
export const GK104_ENGINES: NameTable = /* @__PURE__ */ names(
  '00:GR 01:DISPLAY 02:CAPTURE 03:IFB 04:BAR1 05:BAR2 06:SCHED 07:HOST0 08:HOST1 09:HOST2 0a:HOST3 ' +
    '0b:HOST4 0c:HOST5 0d:HOST6 0e:HOST7 0f:HOSTSR 10:MSVLD 11:MSPPP 13:PERF 14:MSPDEC 15:CE0 16:CE1 ' +
    '17:PMU 18:PTP 19:MSENC 1b:CE2',
);

/** Hub clients of gk104, printed for every chip up to gp100. */
export const GK104_HUB_CLIENTS: NameTable = /* @__PURE__ */ names(
  '00:VIP 01:CE0 02:CE1 03:DNISO 04:FE 05:FECS 06:HOST 07:HOST_CPU 08:HOST_CPU_NB 09:ISO 0a:MMU ' +
    '0b:MSPDEC 0c:MSPPP 0d:MSVLD 0e:NISO 0f:P2P 10:PD 11:PERF 12:PMU 13:RASTERTWOD 14:SCC 15:SCC_NB ' +
    '16:SEC 17:SSYNC 18:GR_CE 19:CE2 1a:XV 1b:MMU_NB 1c:MSENC 1d:DFALCON 1e:SKED 1f:AFALCON',
);

/** Clients inside a GPC of gk104, printed for every chip up to gp100; approximate on Pascal, which numbers its own differently. */
export const GK104_GPC_CLIENTS: NameTable = /* @__PURE__ */ names(
  '00:L1_0 01:T1_0 02:PE_0 03:L1_1 04:T1_1 05:PE_1 06:L1_2 07:T1_2 08:PE_2 09:L1_3 0a:T1_3 0b:PE_3 ' +
    '0c:RAST 0d:GCC 0e:GPCCS 0f:PROP_0 10:PROP_1 11:PROP_2 12:PROP_3 13:L1_4 14:T1_4 15:PE_4 16:L1_5 ' +
    '17:T1_5 18:PE_5 19:L1_6 1a:T1_6 1b:PE_6 1c:L1_7 1d:T1_7 1e:PE_7 1f:GPM 20:LTP_UTLB_0 21:LTP_UTLB_1 ' +
    '22:LTP_UTLB_2 23:LTP_UTLB_3 24:GPC_RGG_UTLB',
);

/** Reasons of gk104, printed for every chip up to gp100; on Pascal 0e means poisoned and 0f an atomic violation. */
export const GK104_REASONS: NameTable = /* @__PURE__ */ names(
  '00:PDE 01:PDE_SIZE 02:PTE 03:VA_LIMIT_VIOLATION 04:UNBOUND_INST_BLOCK 05:PRIV_VIOLATION ' +
    '06:RO_VIOLATION 07:WO_VIOLATION 08:PITCH_MASK_VIOLATION 09:WORK_CREATION 0a:UNSUPPORTED_APERTURE ' +
    '0b:COMPRESSION_FAILURE 0c:UNSUPPORTED_KIND 0d:REGION_VIOLATION 0e:BOTH_PTES_VALID ' +
    '0f:INFO_TYPE_POISONED',
);

/** Engines of gm107, gm200 and gm20b; graphics, copy and video engines come from a hardware table. */
export const GM107_ENGINES: NameTable = /* @__PURE__ */ names(
  '01:DISPLAY 02:CAPTURE 03:IFB 04:BAR1 05:BAR2 06:SCHED 07:HOST0 08:HOST1 09:HOST2 0a:HOST3 0b:HOST4 ' +
    '0c:HOST5 0d:HOST6 0e:HOST7 0f:HOSTSR 13:PERF 17:PMU 18:PTP',
);

/** Engines of gp100 and gp10b. */
export const GP100_ENGINES: NameTable = /* @__PURE__ */ names(
  '01:DISPLAY 03:IFB 04:BAR1 05:BAR2 06:HOST0 07:HOST1 08:HOST2 09:HOST3 0a:HOST4 0b:HOST5 0c:HOST6 ' +
    '0d:HOST7 0e:HOST8 0f:HOST9 10:HOST10 13:PERF 17:PMU 18:PTP 1f:PHYSICAL',
);
