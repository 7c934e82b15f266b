import { createWriteStream } from 'node:fs';
import { TraceEvents, type ScriptRunner, type StepResult } from '@nvmmu/script';
import { fileFailure } from './input.js';
import { Output } from './output.js';

/** A file in the JSON form that Chrome and the Perfetto UI open, written while a script runs. */
export class PerfettoFile {
  readonly #events: TraceEvents;
  readonly #out: Output;
  readonly #path: string;
  #error: unknown = undefined;
  #any = false;

  /** Creates the file, or replaces it. */
  constructor(path: string, runner: ScriptRunner) {
    this.#path = path;
    const stream = createWriteStream(path);
    stream.once('error', (error) => (this.#error = error));
    this.#out = new Output(stream);
    this.#events = new TraceEvents(runner);
    this.#out.line('{"displayTimeUnit":"ns","traceEvents":[');
  }

  /** Adds the events of a step. Throws Failure when the file can't be written. */
  async add(step: StepResult): Promise<void> {
    for (const event of this.#events.step(step)) {
      this.#out.line(`${this.#any ? ',' : ''}${JSON.stringify(event)}`);
      this.#any = true;
    }
    if (this.#out.full) await this.#out.drain();
    this.#check();
  }

  /** Ends the file. Throws Failure when it can't be written. */
  async end(): Promise<void> {
    this.#out.line(']}');
    try {
      await this.#out.end();
    } catch (error) {
      this.#error ??= error;
    }
    this.#check();
  }

  #check(): void {
    if (this.#error !== undefined) throw fileFailure(this.#path, this.#error);
  }
}
