export { ERRNO, InvariantError, VmmError } from './errors.js';
export type { ErrnoCode } from './errors.js';
export { LOG } from './observer.js';
export type { LogLevel, Observer, VmmEvent } from './observer.js';
export { PAGE } from './backend.js';
export type {
  BoundSpace,
  ChildTables,
  Chip,
  DeviceConfig,
  EntryWords,
  FaultCancel,
  FrameFunctions,
  HostPages,
  KindTable,
  Level,
  LevelType,
  ListWriter,
  MapArguments,
  PageSize,
  Refusal,
  RunWriter,
  SourceKind,
  SpaceArguments,
  SpaceTemplate,
} from './backend.js';
export { MapState } from './map-state.js';
export { MemoryObject } from './memory-object.js';
export type { Extent, VideoMemoryOptions } from './memory-object.js';
export { TagAllocator } from './tags.js';
export type { TagRecord } from './tags.js';
export { alignDown, alignUp, bitField, fromLanes, hex, highLane, isAligned, LANE, lowLane, pow2, shiftRight, toNumber } from './numbers.js';
export { Mmu } from './mmu.js';
export type { MmuOptions, SpaceOptions } from './mmu.js';
export { Vmm } from './vmm.js';
export type { GetOptions, MapOptions, PageInfo, RegionInfo } from './vmm.js';
export type { AllocationType } from './client.js';
export { RawCalls } from './raw-calls.js';
export type { RawMapOptions } from './raw-calls.js';
export type { SpaceType } from './space-state.js';
export type { HostPageMapper, Registers } from './device-state.js';
export type { MmuFormat } from './hardware-walk/format.js';
export type { MemoryProvider, MemoryTarget, PooledTable, TableMemory } from '@nvmmu/ptcache';
