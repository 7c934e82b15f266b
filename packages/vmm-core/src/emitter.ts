import { LOG, type LogLevel, type Observer, type VmmEvent } from './observer.js';

/**
 * Passes log lines and events of a device on to its observer. With none attached, what the hot paths see is a level of
 * 0 and `wantsEvents` false. An exception of the observer is held back, so that it can't leave an operation half done.
 */
export class Emitter {
  /** Most detailed level that anyone listens to, as a number of {@link LOG}. */
  level = 0;
  /** Whether events have a listener. */
  wantsEvents = false;
  #observer: Observer | undefined = undefined;
  #thrown: { readonly error: unknown } | undefined = undefined;

  /** Who listens. */
  get observer(): Observer | undefined {
    return this.#observer;
  }

  set observer(observer: Observer | undefined) {
    this.#observer = observer;
    this.level = observer?.log !== undefined && observer.logLevel !== undefined ? LOG[observer.logLevel] : LOG.none;
    this.wantsEvents = observer?.event !== undefined;
  }

  /** Passes a log line on; the caller has compared the level. */
  log(line: string, level: LogLevel): void {
    try {
      this.#observer?.log?.(line, level);
    } catch (error) {
      this.#thrown ??= { error };
    }
  }

  /** Passes an event on; the caller has asked {@link wantsEvents}. */
  event(event: VmmEvent): void {
    try {
      this.#observer?.event?.(event);
    } catch (error) {
      this.#thrown ??= { error };
    }
  }

  /** Holds back an exception of the outside until the operation has ended. */
  hold(error: unknown): void {
    this.#thrown ??= { error };
  }

  /** Throws what an observer threw during the operation that ends now. */
  settle(): void {
    const thrown = this.#thrown;
    if (thrown === undefined) return;
    this.#thrown = undefined;
    throw thrown.error;
  }
}
