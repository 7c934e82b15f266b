export type { MemoryTarget } from './memory.js';
