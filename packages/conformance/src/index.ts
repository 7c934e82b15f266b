export { readVectors, vectorUrl, type Vector } from './bundle.js';
export { checkResults, isPassed, simulator, type Implementation, type Mismatch, type Outcome } from './check.js';
export { runForeign, serveForeign, type ForeignOptions, type ForeignSummary } from './foreign.js';
export {
  OPTIONAL_PARTS,
  PROTOCOL,
  PROTOCOL_VERSION,
  ProtocolError,
  type ForeignHello,
  type LineChannel,
  type OptionalPart,
} from './protocol.js';
export { runVector, runVectors, type Exemption, type RunOptions, type Summary } from './run.js';
export { VECTOR_FILES, type VectorFile } from './vector-files.js';
