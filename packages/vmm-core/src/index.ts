// Types of ours name Symbol.dispose, which libraries of TypeScript before esnext do not have.
/// <reference lib="esnext.disposable" preserve="true" />

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
export {
  alignDown,
  alignUp,
  bitField,
  fromLanes,
  hex,
  highLane,
  isAligned,
  LANE,
  lowLane,
  pow2,
  shiftRight,
  toNumber,
} from './numbers.js';
export { once } from './once.js';
export { Mmu } from './mmu.js';
export type { MmuOptions, SpaceOptions } from './mmu.js';
export { Vmm } from './vmm.js';
export type { GetOptions, MapOptions, PageInfo, RegionInfo } from './vmm.js';
export type { AllocationType } from './client.js';
export { RawCalls } from './raw-calls.js';
export type { RawMapOptions } from './raw-calls.js';
export type { SpaceType } from './space-state.js';
export type { HostPageMapper, Registers } from './device-state.js';
export type { MemoryProvider, MemoryTarget, PooledTable, TableMemory } from '@nvmmu/ptcache';
export { annotate, definedBits, encodeEntry, fieldValues } from './hardware-walk/index.js';
export type { Annotation, FieldReading } from './hardware-walk/index.js';
export { DumpError, parseDump, writeDump } from './hardware-walk/index.js';
export type { DumpOptions } from './hardware-walk/index.js';
export { APERTURES, DecodedEntry } from './hardware-walk/index.js';
export type { Aperture, EntryState } from './hardware-walk/index.js';
export {
  bigIntToWords,
  field,
  fieldValue,
  fieldWidth,
  moved,
  take,
  takeAddress,
  wordsToBigInt,
} from './hardware-walk/index.js';
export type { EntryLayout, FieldSpec } from './hardware-walk/index.js';
export { findLevel } from './hardware-walk/index.js';
export type {
  EntryDecoder,
  FaultCause,
  FaultReason,
  InstanceFormat,
  InstanceResult,
  InstanceWord,
  LevelFormat,
  MmuFormat,
  Root,
} from './hardware-walk/index.js';
export { kindQueries } from './hardware-walk/index.js';
export type { KindSource } from './hardware-walk/index.js';
export { MemoryImage } from './hardware-walk/index.js';
export type { MemoryPiece } from './hardware-walk/index.js';
export { MemoryWindow } from './hardware-walk/index.js';
export type { MemoryReader } from './hardware-walk/index.js';
export { checkAccess, readInstance, walk } from './hardware-walk/index.js';
export type {
  Access,
  WalkAnswer,
  WalkFault,
  WalkMapped,
  WalkOptions,
  WalkResult,
  WalkStep,
} from './hardware-walk/index.js';
export { createWalker, Walker } from './hardware-walk/index.js';
export type { WalkOutcome } from './hardware-walk/index.js';
export { aliases, findPhysical, listRanges, listTree, TableTotals } from './hardware-walk/index.js';
export type {
  Alias,
  AliasOptions,
  EmptyRange,
  EntryTotal,
  FindOptions,
  ListOptions,
  MappedRange,
  MappedTotal,
  ProblemKind,
  ProblemRange,
  TableNode,
  TableRange,
  TableTotal,
  TreeNode,
  TreePlace,
} from './hardware-walk/index.js';
export { ExtractorError, readExtractorTree, scanRoots, writeExtractorTree } from './hardware-walk/index.js';
export type { ExtractorPage, ExtractorTree, RootCandidate, RootOptions } from './hardware-walk/index.js';
