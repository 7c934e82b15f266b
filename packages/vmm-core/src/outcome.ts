import { ERRNO, VmmError, type ErrnoCode } from './errors.js';

/**
 * A refused request on its way out of the core: `undefined` stands for success. Refusals are common in some workloads,
 * so the floors below the public edge hand them on as values; the edge throws.
 */
export interface Failure {
  readonly code: ErrnoCode;
  /** What was wrong, with the value. */
  readonly message: string;
}

/** Makes a failure. */
export function failure(code: ErrnoCode, message: string): Failure {
  return { code, message };
}

/** The failure's number as the driver returns it: negative. */
export function negativeErrno(code: ErrnoCode): number {
  return -ERRNO[code];
}

/** Throws a failure as what callers of the public interface meet. */
export function raise({ code, message }: Failure): never {
  throw new VmmError(code, message);
}
