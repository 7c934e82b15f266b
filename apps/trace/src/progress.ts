const INTERVAL_MS = 100;
/** Short work shows nothing. */
const DELAY_MS = 400;

/** One line on standard error that says how far long work has come. On a terminal only; gone at the end. */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #unit: string;
  readonly #active: boolean;
  readonly #started: number = performance.now();
  #shown = 0;
  #drawn = false;

  /**
   * @param unit - What is counted: `operations`, `scripts`.
   * @param wanted - False keeps it silent, for output that goes to the same terminal.
   */
  constructor(unit: string, wanted = true, stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
    this.#unit = unit;
    this.#active = wanted && stream.isTTY;
  }

  /**
   * Says how much is done.
   *
   * @param share - The part of the whole that it is, from 0 to 1, where that is known.
   */
  update(done: number, share?: number): void {
    if (!this.#active) return;
    const now = performance.now();
    const elapsed = now - this.#started;
    if (elapsed < DELAY_MS || now - this.#shown < INTERVAL_MS) return;
    this.#shown = now;
    this.#drawn = true;
    const rate = Math.round((done / elapsed) * 1000);
    let text = `${done} ${this.#unit}, ${rate} per second`;
    if (share !== undefined && share > 0) {
      const left = Math.ceil(((elapsed / share) * (1 - share)) / 1000);
      text = `${Math.floor(share * 100)} %  ${text}, ${left} s left`;
    }
    this.#stream.write(`\r\u001b[2K${text.slice(0, Math.max(this.#stream.columns - 1, 20))}`);
  }

  /** Takes the line away. */
  end(): void {
    if (this.#drawn) this.#stream.write('\r\u001b[2K');
    this.#drawn = false;
  }
}
