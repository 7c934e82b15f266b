// Types of ours name Symbol.dispose, which libraries of TypeScript before esnext do not have.
/// <reference lib="esnext.disposable" preserve="true" />

export { BumpProvider } from './bump-provider.js';
export type { BumpProviderOptions } from './bump-provider.js';
export type { MemoryProvider, MemoryTarget, TableMemory } from './memory.js';
export { PageTablePool } from './pool.js';
export type { PoolStats } from './pool.js';
export { PooledTable } from './table.js';
