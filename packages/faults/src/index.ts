export { createFaultDecoder, decodeLog } from './decoder.js';
export { TraceHistory } from './trace-log.js';
