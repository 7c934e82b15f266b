import type { Palette } from './theme.js';

/** What a canvas shows of an address space. Addresses are numbers that doubles hold exactly: multiples of 4096. */
export interface Viewport {
  readonly origin: number;
  /** log2 of the bytes of one pixel. */
  readonly shift: number;
}

/** Fewest and most bytes that a pixel can stand for, as log2. */
export const MIN_SHIFT = 6;
export const MAX_SHIFT = 52;

/** The viewport that shows `[from, to)` in some pixels, with a little room around it. */
export function fit(from: number, to: number, width: number): Viewport {
  const span = Math.max(to - from, 4096);
  const shift = Math.max(MIN_SHIFT, Math.ceil(Math.log2((span * 1.04) / Math.max(width, 64))));
  const shown = 2 ** shift * width;
  const origin = Math.max(0, from - (shown - span) / 2);
  return { origin: Math.floor(origin / 4096) * 4096, shift };
}

/** Moves a viewport by pixels, not below address 0. */
export function pan({ origin, shift }: Viewport, pixels: number): Viewport {
  return { origin: Math.max(0, Math.round((origin + pixels * 2 ** shift) / 4096) * 4096), shift };
}

/** Zooms by powers of two around a pixel. */
export function zoom({ origin, shift }: Viewport, steps: number, x: number): Viewport {
  const next = Math.min(MAX_SHIFT, Math.max(MIN_SHIFT, shift - steps));
  const at = origin + x * 2 ** shift;
  return { origin: Math.max(0, Math.round((at - x * 2 ** next) / 4096) * 4096), shift: next };
}

/** Pixels between two ticks, at least. */
const TICK_PIXELS = 120;

/** Draws ticks at powers of two, with hexadecimal labels. */
export function drawAxis(
  context: CanvasRenderingContext2D,
  colours: Palette,
  { origin, shift }: Viewport,
  width: number,
  top: number,
  bottom: number,
): void {
  const unit = 2 ** (shift + Math.ceil(Math.log2(TICK_PIXELS)));
  context.font = '11px ui-monospace, Menlo, Consolas, monospace';
  context.textBaseline = 'top';
  context.fillStyle = colours.quiet;
  context.strokeStyle = colours.line;
  context.lineWidth = 1;
  context.beginPath();
  const end = origin + width * 2 ** shift;
  for (let at = Math.ceil(origin / unit) * unit; at < end; at += unit) {
    const x = Math.round((at - origin) / 2 ** shift) + 0.5;
    context.moveTo(x, top);
    context.lineTo(x, bottom);
    context.fillText(`0x${at.toString(16)}`, x + 4, top + 1);
  }
  context.stroke();
}
