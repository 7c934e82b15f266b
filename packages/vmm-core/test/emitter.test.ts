import { describe, expect, test } from 'vitest';
import { Emitter } from '../src/emitter.js';
import { LOG, type Observer, type VmmEvent } from '../src/observer.js';

const EVENT: VmmEvent = { type: 'ptfree', addr: 0x1000n };

describe('what the hot paths see', () => {
  test.each<[string, Observer | undefined, number, boolean]>([
    ['nobody', undefined, LOG.none, false],
    ['an empty observer', {}, LOG.none, false],
    ['a level without a listener', { logLevel: 'spam' }, LOG.none, false],
    ['a listener without a level', { log: () => undefined }, LOG.none, false],
    ['debug', { logLevel: 'debug', log: () => undefined }, LOG.debug, false],
    ['trace', { logLevel: 'trace', log: () => undefined }, LOG.trace, false],
    ['spam and events', { logLevel: 'spam', log: () => undefined, event: () => undefined }, LOG.spam, true],
    ['events only', { event: () => undefined }, LOG.none, true],
  ])('%s', (_who, observer, level, wantsEvents) => {
    const emitter = new Emitter();
    emitter.observer = observer;
    expect([emitter.level, emitter.wantsEvents]).toEqual([level, wantsEvents]);
    expect(emitter.observer).toBe(observer);
    emitter.observer = undefined;
    expect([emitter.level, emitter.wantsEvents]).toEqual([LOG.none, false]);
  });
});

test('lines and events arrive in order', () => {
  const seen: unknown[] = [];
  const emitter = new Emitter();
  emitter.observer = { logLevel: 'spam', log: (...args) => seen.push(args), event: (event) => seen.push(event) };
  emitter.log('one', 'debug');
  emitter.event(EVENT);
  emitter.log('two', 'spam');
  expect(seen).toEqual([['one', 'debug'], EVENT, ['two', 'spam']]);
});

describe('exceptions of the outside', () => {
  test('wait until the operation has ended, the first one wins', () => {
    const emitter = new Emitter();
    let n = 0;
    emitter.observer = {
      logLevel: 'spam',
      log: () => {
        throw new Error(`log ${++n}`);
      },
      event: () => {
        throw new Error(`event ${++n}`);
      },
    };
    emitter.log('line', 'debug');
    emitter.event(EVENT);
    emitter.hold(new Error('other'));
    expect(() => emitter.settle()).toThrow('log 1');
    // It is told once.
    expect(() => emitter.settle()).not.toThrow();
  });

  test('may be anything, undefined too', () => {
    const emitter = new Emitter();
    emitter.hold(undefined);
    let caught: unknown = 'nothing';
    try {
      emitter.settle();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBe(undefined);
  });

  test('nothing held, nothing thrown', () => {
    expect(() => new Emitter().settle()).not.toThrow();
  });
});
