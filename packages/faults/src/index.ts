export type { Aftermath, Outcome } from './aftermath.js';
export { GENERATIONS, type Generation, generationOf } from './chips.js';
export { accessName, type ChipSource, clientName, type Decoded, engineName, reasonName } from './decoded.js';
export {
  createFaultDecoder,
  type DecodedLog,
  decodeLog,
  type FaultDecoder,
  type FaultDecoderOptions,
  type FaultHandlers,
  type LogInfo,
} from './decoder.js';
export { type Explanation, explainFault, type ExplainOptions, type Fact } from './explain.js';
export {
  formatOf,
  type Layout,
  layoutsOf,
  type Level,
  type LevelIndex,
  locate,
  type Location,
  type PageFormat,
} from './layouts.js';
export { type PageMapAnswer, type PageMapping, PageMapReader } from './pagemap.js';
export { decodePte, type PteEntry } from './pte-list.js';
export { type ReasonCode, type ReasonInfo, reasonInfo } from './reasons.js';
export type { Driver, EventKind, FaultFields, FaultRecord, Form, LogEvent, Notice, NoticeKind } from './record.js';
export {
  renderMarkdown,
  renderNotices,
  renderSummaryMarkdown,
  renderSummaryText,
  renderText,
  type TextOptions,
} from './render.js';
export { type HardwareReport, readBufferEntry, readFaultRegisters, readNv50Report, readUnitReport } from './report.js';
export { createSummary, type FaultGroup, type FaultSummary, summarize, type SummaryBuilder } from './summary.js';
export { type TraceAnswer, TraceHistory, type TraceState } from './trace-history.js';
export type { TraceMemory, TraceOperation } from './trace-log.js';
export type { ClientClass, EngineClass } from './units.js';
export { type Culprit, judge, type Verdict } from './verdict.js';
