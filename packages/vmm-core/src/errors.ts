/** The error codes of the reference driver that a caller can meet, with their Linux numbers. */
export const ERRNO = {
  ENOENT: 2,
  E2BIG: 7,
  ENOMEM: 12,
  EBUSY: 16,
  EINVAL: 22,
  ENOSPC: 28,
  ENOSYS: 38,
} as const;

/** Name of an error code, as `VmmError.code` holds it. */
export type ErrnoCode = keyof typeof ERRNO;

/**
 * A request that can't be met: the caller's mistake, or no memory or space left. After it, everything is as it was
 * before the call.
 */
export class VmmError extends Error {
  override readonly name = 'VmmError';
  /** The code's name, for example `EINVAL`. */
  readonly code: ErrnoCode;
  /** The positive Linux number of the code, for example 22. */
  readonly errno: number;

  constructor(code: ErrnoCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.errno = ERRNO[code];
  }
}

/** A broken invariant of the address space: a fault of this package (or of a backend), never the caller's. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
