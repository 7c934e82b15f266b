export { annotate, definedBits, encodeEntry, fieldValues, type Annotation, type FieldReading } from './annotate.js';
export { DumpError, parseDump, writeDump, type DumpOptions } from './dump-text.js';
export { APERTURES, DecodedEntry, type Aperture, type EntryState } from './entry.js';
export {
  bigIntToWords,
  field,
  fieldValue,
  fieldWidth,
  moved,
  take,
  takeAddress,
  wordsToBigInt,
  type EntryLayout,
  type FieldSpec,
} from './fields.js';
export {
  findLevel,
  type EntryDecoder,
  type FaultCause,
  type FaultReason,
  type InstanceFormat,
  type InstanceResult,
  type InstanceWord,
  type LevelFormat,
  type MmuFormat,
  type Root,
} from './format.js';
export { kindQueries, type KindSource } from './kinds.js';
export { MemoryImage, type MemoryPiece } from './memory-image.js';
export { MemoryWindow, type MemoryReader } from './reader.js';
export {
  checkAccess,
  readInstance,
  walk,
  type Access,
  type WalkAnswer,
  type WalkFault,
  type WalkMapped,
  type WalkOptions,
  type WalkResult,
  type WalkStep,
} from './walk.js';
export { createWalker, Walker, type WalkOutcome } from './walker.js';
export { aliases, findPhysical, type Alias, type AliasOptions, type FindOptions } from './find.js';
export type { ListOptions } from './list-options.js';
export { listRanges } from './ranges.js';
export type { EmptyRange, MappedRange, ProblemRange, TableRange } from './range-types.js';
export type { ProblemKind } from './scan-visitor.js';
export { TableTotals, type EntryTotal, type MappedTotal, type TableTotal } from './totals.js';
export { listTree, type TableNode, type TreeNode, type TreePlace } from './tree.js';
export {
  ExtractorError,
  readExtractorTree,
  writeExtractorTree,
  type ExtractorPage,
  type ExtractorTree,
} from './extractor-text.js';
export { scanRoots, type RootCandidate, type RootOptions } from './roots.js';
