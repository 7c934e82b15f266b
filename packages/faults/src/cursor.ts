const SPACE = 0x20;
const TAB = 0x09;

/** Says whether a UTF-16 unit is a lower- or upper-case hexadecimal digit. */
export function isHexDigit(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x61 && unit <= 0x66) || (unit >= 0x41 && unit <= 0x46);
}

/** Says whether a UTF-16 unit is a decimal digit. */
export function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Says whether a UTF-16 unit is a blank or a tab. */
export function isBlank(unit: number): boolean {
  return unit === SPACE || unit === TAB;
}

/**
 * A reading position in one line. Every read either succeeds and moves on, or leaves the position and returns
 * nothing; each looks at a bounded number of characters, so that a scan over a line stays linear.
 */
export class Cursor {
  readonly text: string;
  pos: number;
  #starved = false;

  constructor(text: string, pos = 0) {
    this.text = text;
    this.pos = pos;
  }

  /** True after a read that failed only because the text ended: more text could have made it succeed. */
  get starved(): boolean {
    return this.#starved;
  }

  /** Forgets that the text ended in an earlier read. */
  forget(): void {
    this.#starved = false;
  }

  /** Notes that the text ended, for a reader that found that out itself. */
  starve(): void {
    this.#starved = true;
  }

  /** Takes `expected`; a blank in it stands for any number of blanks, at least one. */
  take(expected: string): boolean {
    const { text } = this;
    let at = this.pos;
    for (let i = 0; i < expected.length; i++) {
      if (at >= text.length) {
        this.#starved = true;
        return false;
      }
      const unit = text.charCodeAt(at);
      if (expected.charCodeAt(i) === SPACE) {
        if (!isBlank(unit)) return false;
        // A run of blanks longer than any wrapping makes is not part of a message.
        const end = Math.min(text.length, at + 64);
        do at++;
        while (at < end && isBlank(text.charCodeAt(at)));
      } else {
        if (unit !== expected.charCodeAt(i)) return false;
        at++;
      }
    }
    this.pos = at;
    return true;
  }

  /** Takes `min` to `max` hexadecimal digits that no further digit follows. */
  hex(min: number, max: number): string | undefined {
    return this.#run(isHexDigit, min, max);
  }

  /** Takes a decimal number of up to ten digits, with a minus sign if there is one. */
  integer(): string | undefined {
    const from = this.pos;
    if (this.text.charCodeAt(from) === 0x2d) this.pos++;
    const digits = this.#run(isDigit, 1, 10);
    if (digits === undefined) {
      this.pos = from;
      return undefined;
    }
    return this.text.slice(from, this.pos);
  }

  /** Takes everything up to one of `stops`, at most `max` characters; nothing if none of them follows. */
  upTo(stops: string, max: number): string | undefined {
    const { text } = this;
    const limit = Math.min(text.length, this.pos + max);
    for (let at = this.pos; at < limit; at++) {
      if (stops.includes(text.charAt(at))) {
        const found = text.slice(this.pos, at);
        this.pos = at;
        return found;
      }
    }
    if (limit === text.length) this.#starved = true;
    return undefined;
  }

  /** Takes the characters up to the next blank or the end, at least one and at most `max`. */
  word(max = 64): string | undefined {
    const { text } = this;
    let at = this.pos;
    while (at < text.length && at - this.pos < max && !isBlank(text.charCodeAt(at))) at++;
    if (at === this.pos) {
      if (at >= text.length) this.#starved = true;
      return undefined;
    }
    const found = text.slice(this.pos, at);
    this.pos = at;
    return found;
  }

  /** Takes `[NAME]`, where the name may be empty but has neither blanks nor brackets. */
  bracketed(): string | undefined {
    const from = this.pos;
    if (this.take('[')) {
      const name = this.upTo(']', 48);
      if (name !== undefined && !/[\s[]/.test(name)) {
        this.pos++;
        return name;
      }
    }
    this.pos = from;
    return undefined;
  }

  /** Says whether nothing but blanks is left. */
  get atEnd(): boolean {
    const end = Math.min(this.text.length, this.pos + 64);
    let at = this.pos;
    while (at < end && isBlank(this.text.charCodeAt(at))) at++;
    return at >= this.text.length;
  }

  #run(accepts: (unit: number) => boolean, min: number, max: number): string | undefined {
    const { text } = this;
    let at = this.pos;
    const limit = this.pos + max + 1;
    while (at < text.length && at < limit && accepts(text.charCodeAt(at))) at++;
    const length = at - this.pos;
    if (length < min && at >= text.length) this.#starved = true;
    if (length < min || length > max) return undefined;
    const found = text.slice(this.pos, at);
    this.pos = at;
    return found;
  }
}
