import type { Progress, Recording } from '../model/recording.js';
import type { WorkerReply, WorkerRequest } from '../worker.js';

/** A recording that is being made. */
export interface Job {
  readonly result: Promise<Recording>;
  /** Ends it; the result is then rejected with a {@link CancelledError}. */
  readonly cancel: () => void;
}

/** Somebody has ended a job. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** Runs a script in a worker of its own, which ends with it. */
export function runScript(text: string, chip: string | undefined, onProgress: (progress: Progress) => void): Job {
  const worker = new Worker(new URL('../worker.ts', import.meta.url), { type: 'module' });
  let reject: (error: Error) => void = () => undefined;
  const result = new Promise<Recording>((resolve, fail) => {
    reject = fail;
    worker.onmessage = ({ data }: MessageEvent<WorkerReply>) => {
      if (data.kind === 'progress') {
        onProgress(data.progress);
        return;
      }
      worker.terminate();
      if (data.kind === 'done') resolve(data.recording);
      else fail(new Error(data.message));
    };
    worker.onerror = (event) => {
      worker.terminate();
      fail(new Error(event.message || 'the worker could not be started'));
    };
  });
  const request: WorkerRequest = { text, chip };
  worker.postMessage(request);
  return {
    result,
    cancel: () => {
      worker.terminate();
      reject(new CancelledError('cancelled'));
    },
  };
}
