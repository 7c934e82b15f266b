/** What an engine does, as far as it matters for blame. */
export type EngineClass =
  'graphics' | 'copy' | 'bar1' | 'bar2' | 'host' | 'video' | 'display' | 'micro' | 'physical' | 'other' | 'unknown';

/** What a client does, as far as it matters for blame. */
export type ClientClass =
  'cpu' | 'channel' | 'copy' | 'shader' | 'output' | 'front-end' | 'context' | 'video' | 'micro' | 'other' | 'unknown';

const ENGINES: readonly (readonly [RegExp, EngineClass, string])[] = [
  [/^(?:GR|PGRAPH|GRAPHICS|GR\d+)$/, 'graphics', 'the graphics engine'],
  [/^(?:P?CE\d*|PCOPY\d*|COPY\d*|GRCE\d*)$/, 'copy', 'a copy engine'],
  [/^BAR1$/, 'bar1', 'the BAR1 window, through which the CPU sees buffers'],
  [/^(?:BAR2|BAR3|BAR)$/, 'bar2', 'the BAR2 window, through which the driver reaches page tables and instance memory'],
  [
    /^(?:PFIFO|HOST\d*|HOSTSR|SCHED|SEMAPHORE_BG|PEEPHOLE|ESCHED)$/,
    'host',
    'the channel engine (host), which fetches commands',
  ],
  [
    /^(?:MS(?:VLD|PPP|PDEC|ENC)|PMS(?:VLD|PPP|PDEC)|PV(?:P|LD)|PBSP|PPPP|PPDEC|PMPEG|MPEG|VP|NVDEC\d*|NVENC\d*|NVJPG\d*|OFA\d*)$/,
    'video',
    'a video engine',
  ],
  [/^(?:DISPLAY|DISP|IFB|CAPTURE)$/, 'display', 'the display engine or the frame buffer interface'],
  [/^(?:PMU|PDAEMON|PWR_PMU|SEC2?|GSP|FBFALCON|PCRYPT|CIPHER)$/, 'micro', 'a micro-controller'],
  [/^PHYSICAL$/, 'physical', 'physical addressing'],
  [/^(?:PERF|PCOUNTER|PTP|PM)$/, 'other', 'a counter unit'],
];

/** Class of an engine and what it is in words. */
export function engineClass(name: string): { class: EngineClass; words: string } {
  const upper = name.toUpperCase();
  for (const [test, kind, words] of ENGINES) if (test.test(upper)) return { class: kind, words };
  return {
    class: name === '' ? 'unknown' : 'other',
    words: name === '' ? 'an engine without a name' : `engine ${name}`,
  };
}

const CLIENTS: readonly (readonly [RegExp, ClientClass, string])[] = [
  [/^(?:HOST_CPU(?:_NB)?|BAR_READ|BAR_WRITE)$/, 'cpu', 'the CPU, through a window of the GPU'],
  [/^(?:HOST|PFIFO(?:_READ|_WRITE)?|ESC.*)$/, 'channel', 'the channel engine fetching commands or semaphores'],
  [/^(?:CE\d*|HSCE\d*|GR_CE|GRCOPY|PCOPY\d*|PCE\d*|CE_SHIM|HSHUB)$/, 'copy', 'a copy engine'],
  [/^(?:T1_\d+|TEX|TEXTURE)$/, 'shader', 'a texture unit (also ordinary memory access of shaders)'],
  [/^L1_\d+$/, 'shader', 'the first-level cache of a shader unit'],
  [/^(?:GCC|SCC|SCC_NB|CCACHE|CCACHE_POST)$/, 'shader', 'a constant cache (constants, texture headers, shader code)'],
  [/^(?:TPCCS_\d+)$/, 'context', 'the context switching of a shader unit'],
  [/^(?:PE_\d+|VFETCH|ESETUP)$/, 'front-end', 'vertex fetch or the primitive engine'],
  [/^(?:PD|SKED)$/, 'front-end', 'work distribution'],
  [/^(?:PROP(?:_\d+)?|ZETA|RT\d)$/, 'output', 'the output unit that writes colour and depth'],
  [/^(?:RAST|RASTERTWOD|STRMOUT|CLIPID|SSYNC)$/, 'output', 'the rasteriser or another fixed-function unit'],
  [/^(?:FE|DISPATCH)$/, 'front-end', 'the front end, which executes methods, queries and notifies'],
  [/^(?:FECS|GPCCS|CTXCTL|GPM)$/, 'context', 'the context-switch micro-controller'],
  [
    /^(?:MS(?:VLD|PPP|PDEC|ENC)|PMS(?:VLD|PPP)|PV(?:P|LD)|PBSP|PPPP|NVDEC\d*|NVENC\d*|NVJPG\d*|VIP)$/,
    'video',
    'a video engine',
  ],
  [/^(?:PMU|PDAEMON|SEC2?|DFALCON|AFALCON|GSP|FBFALCON|PCRYPT)$/, 'micro', 'a micro-controller'],
];

/** Class of a client and what it is in words; NVIDIA's `HUBCLIENT_` and `GPCCLIENT_` prefixes do not matter. */
export function clientClass(name: string): { class: ClientClass; words: string } {
  const plain = name.toUpperCase().replace(/^(?:HUB|GPC)CLIENT_/, '');
  for (const [test, kind, words] of CLIENTS) if (test.test(plain)) return { class: kind, words };
  return {
    class: plain === '' ? 'unknown' : 'other',
    words: plain === '' ? 'a client without a name' : `client ${name}`,
  };
}

/** Access as one of four kinds; an access without a name stays `unknown`. */
export function accessKind(name: string): {
  kind: 'read' | 'write' | 'atomic' | 'prefetch' | 'unknown';
  physical: boolean;
} {
  const plain = name.toUpperCase().replace(/^ACCESS_TYPE_/, '');
  const kind = /READ/.test(plain)
    ? 'read'
    : /WRITE/.test(plain)
      ? 'write'
      : /ATOMIC/.test(plain)
        ? 'atomic'
        : /PREFETCH/.test(plain)
          ? 'prefetch'
          : 'unknown';
  return { kind, physical: plain.startsWith('PHYS_') };
}
