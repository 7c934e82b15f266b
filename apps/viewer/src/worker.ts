import { Recorder } from './model/recorder.js';
import type { Progress, Recording } from './model/recording.js';

/** What the page asks of the worker. */
export interface WorkerRequest {
  readonly text: string;
  readonly chip: string | undefined;
}

/** What the worker tells the page. */
export type WorkerReply =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'done'; readonly recording: Recording }
  | { readonly kind: 'failed'; readonly message: string };

/** Milliseconds between two reports. */
const REPORT_EVERY = 60;

const scope = globalThis as unknown as {
  postMessage(message: WorkerReply, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<WorkerRequest>) => void) | null;
};

function buffersOf(recording: Recording): Transferable[] {
  const buffers = new Set<ArrayBufferLike>();
  for (const value of Object.values(recording)) if (ArrayBuffer.isView(value)) buffers.add(value.buffer);
  for (const value of Object.values(recording.words)) if (ArrayBuffer.isView(value)) buffers.add(value.buffer);
  for (const chunk of recording.words.chunks) buffers.add(chunk.buffer);
  for (const block of recording.details.blocks) buffers.add(block.buffer);
  return [...buffers] as ArrayBuffer[];
}

async function record({ text, chip }: WorkerRequest): Promise<void> {
  const recorder = new Recorder(text, { chip });
  let reported = 0;
  for (const progress of recorder.run()) {
    const now = performance.now();
    if (now - reported < REPORT_EVERY) continue;
    reported = now;
    scope.postMessage({ kind: 'progress', progress });
  }
  scope.postMessage({ kind: 'progress', progress: { phase: 'pack', done: 1, total: 1 } });
  const recording = await recorder.finish();
  scope.postMessage({ kind: 'done', recording }, buffersOf(recording));
}

scope.onmessage = ({ data }) => {
  record(data).catch((error: unknown) => {
    scope.postMessage({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
};
