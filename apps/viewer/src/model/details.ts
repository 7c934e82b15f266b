import type { EventRecord, StepResult } from '@nvmmu/script';

/** What the log view shows of one step. */
export interface StepDetail {
  readonly log: readonly string[];
  readonly logCount: number;
  readonly events: readonly EventRecord[];
  readonly eventCount: number;
  readonly error: string | undefined;
  /** Result of a `get`. */
  readonly addr: string | undefined;
  readonly pfns: readonly string[] | undefined;
  readonly vmas: readonly string[] | undefined;
}

/** Details of many steps, packed: plain data. */
export interface DetailData {
  /** Steps in one block. */
  readonly block: number;
  readonly blocks: readonly Uint8Array[];
}

const BLOCK = 256;
/** Lines and events of one step that are kept; their number is always told. */
const KEEP = 300;

async function through(bytes: Uint8Array, stream: GenericTransformStream): Promise<Uint8Array> {
  const piped = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

/** Compresses bytes. */
export function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new CompressionStream('deflate-raw'));
}

/**
 * Undoes {@link deflate}.
 *
 * @throws TypeError when the bytes are something else.
 */
export function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  return through(bytes, new DecompressionStream('deflate-raw'));
}

function detailOf(step: StepResult): StepDetail {
  const cut = <T>(items: readonly T[]): readonly T[] => (items.length > KEEP ? items.slice(0, KEEP) : items);
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  return {
    log: cut(step.log.items),
    logCount: step.log.count,
    events: cut(step.events.items),
    eventCount: step.events.count,
    error: step.error === undefined ? undefined : `${step.error.code}: ${step.error.message}`,
    addr: step.addr === undefined ? undefined : hex(step.addr),
    pfns: step.pfns === undefined ? undefined : Array.from(step.pfns.subarray(0, KEEP), hex),
    vmas: step.vmas === undefined ? undefined : cut(step.vmas),
  };
}

/** Packs the details of a run block by block, so that the text of a long one does not pile up. */
export class DetailWriter {
  readonly #blocks: Promise<Uint8Array>[] = [];
  readonly #encoder = new TextEncoder();
  #open: string[] = [];

  add(step: StepResult): void {
    this.#open.push(JSON.stringify(detailOf(step)));
    if (this.#open.length === BLOCK) this.#flush();
  }

  #flush(): void {
    this.#blocks.push(deflate(this.#encoder.encode(`[${this.#open.join(',')}]`)));
    this.#open = [];
  }

  async finish(): Promise<DetailData> {
    if (this.#open.length > 0) this.#flush();
    return { block: BLOCK, blocks: await Promise.all(this.#blocks) };
  }
}

const KEPT_BLOCKS = 8;

/** Unpacks details on demand and keeps the last few blocks. */
export class DetailReader {
  readonly #data: DetailData;
  readonly #kept = new Map<number, readonly StepDetail[]>();

  constructor(data: DetailData) {
    this.#data = data;
  }

  /** The details of a step, if they are at hand. */
  peek(step: number): StepDetail | undefined {
    const { block } = this.#data;
    return this.#kept.get(Math.floor(step / block))?.[step % block];
  }

  /** The details of a step; `undefined` for a step that there is not. */
  async get(step: number): Promise<StepDetail | undefined> {
    const { block, blocks } = this.#data;
    const index = Math.floor(step / block);
    let list = this.#kept.get(index);
    if (list === undefined) {
      const packed = blocks[index];
      if (packed === undefined) return undefined;
      list = JSON.parse(new TextDecoder().decode(await inflate(packed))) as StepDetail[];
      this.#kept.set(index, list);
      const [oldest] = this.#kept.keys();
      if (this.#kept.size > KEPT_BLOCKS && oldest !== undefined) this.#kept.delete(oldest);
    }
    return list[step % block];
  }
}
