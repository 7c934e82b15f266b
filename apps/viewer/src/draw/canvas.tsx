import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { themeVersion } from './theme.js';

/** Draws onto a canvas whose unit is the CSS pixel. */
export type Draw = (context: CanvasRenderingContext2D, width: number, height: number) => void;

type CanvasProps = Omit<JSX.IntrinsicElements['canvas'], 'ref' | 'width' | 'height'> &
  Readonly<Record<`data-${string}`, unknown>>;

/** Properties of {@link Canvas}. */
export interface Props {
  /** Height in CSS pixels; the width is what there is. */
  readonly height: number;
  readonly width?: number | undefined;
  readonly draw: Draw;
  /** Told about the width when it changes. */
  readonly onWidth?: ((width: number) => void) | undefined;
  readonly canvasProps?: CanvasProps;
  readonly label: string;
}

/** A canvas that follows its width, the pixel density and the theme. */
export function Canvas({ height, width, draw, onWidth, canvasProps, label }: Props): JSX.Element {
  const ref = useRef<HTMLCanvasElement>(null);
  const [found, setFound] = useState(width ?? 0);
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null || width !== undefined) return;
    const observer = new ResizeObserver(() => {
      setFound(canvas.clientWidth);
      onWidth?.(canvas.clientWidth);
    });
    observer.observe(canvas);
    return () => {
      observer.disconnect();
    };
  }, [width]);
  const theme = themeVersion.value;
  const actual = width ?? found;
  useLayoutEffect(() => {
    const canvas = ref.current;
    if (canvas === null || actual === 0) return;
    const ratio = devicePixelRatio;
    canvas.width = Math.round(actual * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext('2d');
    if (context === null) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, actual, height);
    draw(context, actual, height);
  }, [draw, actual, height, theme]);
  return (
    <canvas
      {...canvasProps}
      ref={ref}
      role="img"
      aria-label={label}
      style={{ height: `${height}px`, width: width === undefined ? '100%' : `${width}px` }}
    />
  );
}
