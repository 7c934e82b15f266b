/** One line of a text: where it begins and ends, without its line end. */
export interface LineSpan {
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly complete: boolean;
}

/** Cuts a text into lines; they end in LF or CR LF. */
export function* lineSpans(text: string): Generator<LineSpan, void, undefined> {
  let number = 0;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  while (at < text.length) {
    number++;
    const end = text.indexOf('\n', at);
    const stop = end < 0 ? text.length : end;
    const to = stop > at && text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop;
    yield { number, from: at, to, complete: end >= 0 };
    at = stop + 1;
  }
}
