export { readVectors, vectorUrl, type Vector } from './bundle.js';
export { checkResults, isPassed, simulator, type Implementation, type Mismatch, type Outcome } from './check.js';
export { runVector, runVectors, type Exemption, type RunOptions, type Summary } from './run.js';
export { VECTOR_FILES, type VectorFile } from './vector-files.js';
