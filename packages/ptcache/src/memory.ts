/** Where page-table memory lives: video memory, coherent host memory, or non-coherent host memory. */
export type MemoryTarget = 'vram' | 'host' | 'ncoh';
