import { expect, test } from 'vitest';
import { ERRNO, InvariantError, VmmError } from '../src/errors.js';
import { failure, negativeErrno, raise } from '../src/outcome.js';

test('codes have their Linux numbers', () => {
  expect(ERRNO).toEqual({ ENOENT: 2, E2BIG: 7, ENOMEM: 12, EBUSY: 16, EINVAL: 22, ENOSPC: 28, ENOSYS: 38 });
});

test('a VmmError has name, code, number, message and cause', () => {
  const cause = new Error('why');
  const error = new VmmError('ENOSPC', 'no room', { cause });
  expect(error).toMatchObject({ name: 'VmmError', code: 'ENOSPC', errno: 28, message: 'no room', cause });
  expect(error).toBeInstanceOf(Error);
});

test('an InvariantError is not a VmmError', () => {
  const error = new InvariantError('broken');
  expect(error).toMatchObject({ name: 'InvariantError', message: 'broken' });
  expect(error).not.toBeInstanceOf(VmmError);
});

test('failures become what they say', () => {
  expect(failure('ENOENT', 'nothing')).toEqual({ code: 'ENOENT', message: 'nothing' });
  expect(negativeErrno('ENOMEM')).toBe(-12);
  expect(() => raise(failure('EINVAL', 'size 0x0'))).toThrow(new VmmError('EINVAL', 'size 0x0'));
});
