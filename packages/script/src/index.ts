export { CHIPS, findChip } from './chips.js';
export { compareLines, compareResults, type Difference } from './compare.js';
export { portableSha256, type Sha256, type Sha256Factory } from './digest.js';
export { ScriptError, type ScriptLocation } from './errors.js';
export { formatHeader, formatOperation } from './format.js';
export {
  PROFILES,
  type ClientStepName,
  type Profile,
  type RawStepName,
  type SpaceChoice,
  type StepName,
} from './generate/profiles.js';
export { findProfile, generatedHeader, generateOperations, type GenerateOptions } from './generate/random.js';
export { WORKLOADS, type Workload } from './generate/workloads.js';
export { LineSplitter, readLines, splitLines, type ByteSource, type LineOptions, type TextLine } from './lines.js';
export type { Finding, Rule } from './lint/finding.js';
export { Linter, type LintOptions } from './lint/linter.js';
export { importLog } from './import-log/import-log.js';
export type { ImportedScript } from './import-log/attempt.js';
export type { ImportNote } from './import-log/session.js';
export { hashMemory } from './memory-hash.js';
export type { ScriptSpace } from './names.js';
export { formatHex, parseHex } from './numbers.js';
export type {
  AddressRef,
  BootOperation,
  CacheDumpOperation,
  CloseOperation,
  DeviceOperation,
  DumpOperation,
  EngineOperation,
  FailAllocOperation,
  FrameList,
  GetOperation,
  JoinOperation,
  Located,
  MapOperation,
  MemOperation,
  MemoryLayout,
  OnSpace,
  Operation,
  OperationName,
  PartOperation,
  PfnClearOperation,
  PfnMapOperation,
  Pieces,
  PutOperation,
  RawGetOperation,
  RawMapOperation,
  RawPutOperation,
  RawSparseOperation,
  RawUnmapOperation,
  Script,
  ScriptHeader,
  UnmapOperation,
  VmmOperation,
} from './operations.js';
export { parseHeader, parseOperation, parseScript, readScript, ScriptParser } from './parse.js';
export { formatResult, LIST_LIMIT, toGolden, type EventRecord, type GoldenResult } from './results.js';
export { ScriptRunner, type Bindings, type RunnerOptions } from './runner.js';
export type { Recorded, StepResult } from './step.js';
export { didYouMean } from './suggest.js';
export { timeScript, type OperationTime, type Timing, type TimingOptions } from './timing.js';
export { TraceEvents, type TraceEvent } from './trace-events.js';
export { formatRegions } from './vma-lines.js';
