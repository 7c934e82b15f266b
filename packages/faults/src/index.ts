export { createFaultDecoder, decodeLog } from './decoder.js';
export type { FaultRecord } from './record.js';
export { TraceHistory } from './trace-log.js';
