import { listRanges, type TableRange } from '@nvmmu/vmm-core';
import type { JSX } from 'preact';
import { useCallback, useMemo, useState } from 'preact/hooks';
import { drawAxis, fit, MAX_SHIFT, MIN_SHIFT, pan, zoom, type Viewport } from '../draw/address-axis.js';
import { Canvas, type Draw } from '../draw/canvas.js';
import { hatch } from '../draw/patterns.js';
import { drawRegions, firstAfter, logPlaces, type RegionLook } from '../draw/regions.js';
import { mappedColour, palette } from '../draw/theme.js';
import { hex, plural, shiftName, size } from '../model/text.js';
import type { PlayedSpace } from '../model/player.js';
import { address, hardware, moved, script, session, space, type Hardware, type ScriptSession } from '../state/store.js';
import { Legend, REGION_LEGEND } from './legend.js';
import { RegionTableView } from './region-rows-view.js';
import { HardwareRanges } from './hardware-ranges.js';
import { RegionFacts } from './region-facts.js';
import { SpacePicker } from './space-picker.js';

const OVERVIEW = 46;
const DETAIL = 128;
/** Rows in the window beyond which the bytes are not read: it would take longer than a step may. */
const READ_LIMIT = 4000;
/** Entries that one look at the bytes may take. */
const ENTRY_LIMIT = 2 ** 21;

/** The address space: all of it, a part of it, and the region that is chosen. */
export function SpaceView(): JSX.Element {
  const current = session.value;
  if (current?.kind === 'dump') return <HardwareRanges />;
  const chosen = space.value;
  const loaded = script.value;
  if (chosen === undefined || loaded === undefined) {
    return <p class="empty">There is no address space at this step. It comes with the operation “vmm”.</p>;
  }
  return <SpaceCanvas key={chosen.info.id} chosen={chosen} loaded={loaded} />;
}

/** The used part of a space, which is what a first look is about. */
function interesting(chosen: PlayedSpace): readonly [number, number] {
  const { count, addr, flags } = chosen.regions.columns();
  let first = -1;
  let last = -1;
  for (let i = 0; i < count; i++) {
    if ((flags[i] as number) < 0) continue;
    if (first < 0) first = i;
    last = i;
  }
  if (first < 0) return [chosen.info.start, chosen.info.limit];
  return [addr[first] as number, addr[last + 1] as number];
}

function SpaceCanvas({
  chosen,
  loaded,
}: {
  readonly chosen: PlayedSpace;
  readonly loaded: ScriptSession;
}): JSX.Element {
  const version = moved.value;
  const [width, setWidth] = useState(800);
  const [moveTo, setViewport] = useState<Viewport | undefined>(undefined);
  const columns = chosen.regions.columns();
  // Until somebody moves it, the window follows what is allocated.
  const viewport = moveTo ?? fit(...interesting(chosen), width);
  const end = viewport.origin + width * 2 ** viewport.shift;
  const picked = address.value === undefined ? -1 : chosen.regions.find(Number(address.value));
  const look: RegionLook = { columns, info: chosen.info, objects: loaded.recording.objects };

  const place = (i: number): number => ((columns.addr[i] as number) - viewport.origin) / 2 ** viewport.shift;
  const from = Math.max(0, firstAfter(place, 0, columns.count, 0) - 1);
  const to = firstAfter(place, from, columns.count, width);
  const bytes = useMemo(
    () => readBytes(hardware.value, viewport.origin, end, to - from),
    [version, viewport.origin, viewport.shift, end, to - from],
  );
  const step = loaded.player.step;
  const touchedFrom = loaded.recording.space[step] === chosen.index ? (loaded.recording.rangeFrom[step] ?? NaN) : NaN;
  const touchedTo = loaded.recording.rangeTo[step] ?? NaN;

  const draw = useCallback<Draw>(
    (context, wide) => {
      const colours = palette();
      drawAxis(context, colours, viewport, wide, 0, DETAIL);
      const x = (at: number): number => (at - viewport.origin) / 2 ** viewport.shift;
      if (touchedFrom < touchedTo) {
        context.globalAlpha = 0.18;
        context.fillStyle = colours.changed;
        context.fillRect(x(touchedFrom), 16, Math.max(2, x(touchedTo) - x(touchedFrom)), DETAIL - 16);
        context.globalAlpha = 1;
      }
      drawRegions(context, look, colours, from, to, place, wide, 24, 46);
      drawBytes(context, bytes, viewport, wide);
      const selected = chosen.regions.row(picked);
      if (selected !== undefined) {
        context.strokeStyle = colours.ink;
        context.lineWidth = 2;
        const left = Math.max(-2, x(selected.addr));
        context.strokeRect(
          left + 1,
          23,
          Math.max(3, Math.min(wide + 2, x(selected.addr + selected.size)) - left - 2),
          48,
        );
      }
      context.fillStyle = colours.quiet;
      context.font = '11px system-ui, sans-serif';
      label(context, 'regions: what the driver believes', 72);
      label(context, 'tables: what the bytes say', DETAIL - 14);
    },
    [version, viewport, from, to, picked, bytes, columns],
  );

  const places = useMemo(() => logPlaces(columns), [columns]);
  const overview = useCallback<Draw>(
    (context, wide) => {
      const colours = palette();
      const at = (i: number): number => (places[i] as number) * wide;
      drawRegions(context, look, colours, 0, columns.count, at, wide, 8, OVERVIEW - 16);
      const left = positionOf(places, columns.addr, columns.count, viewport.origin) * wide;
      const right = positionOf(places, columns.addr, columns.count, end) * wide;
      context.strokeStyle = colours.accent;
      context.lineWidth = 2;
      context.strokeRect(left + 1, 3, Math.max(4, right - left - 2), OVERVIEW - 6);
    },
    [places, viewport, end, version],
  );

  const pick = (at: number): void => {
    const row = chosen.regions.row(chosen.regions.find(at));
    if (row !== undefined) address.value = BigInt(row.addr);
  };
  const [hover, setHover] = useState<number | undefined>(undefined);
  const hovered = hover === undefined ? undefined : chosen.regions.row(chosen.regions.find(hover));
  const used = chosen.regions.size;
  return (
    <>
      <div class="bar">
        <SpacePicker />
        <span class="facts" data-testid="space-facts">
          {plural(used, 'region')} in use · {hex(chosen.info.start)} to {hex(chosen.info.limit)} (
          {Math.round(Math.log2(chosen.info.limit))} bits)
        </span>
        <span class="spacer" />
        <div role="group" aria-label="Zoom" class="group">
          <button
            type="button"
            aria-label="Zoom out"
            onClick={() => {
              setViewport(zoom(viewport, -2, width / 2));
            }}
          >
            −
          </button>
          <button
            type="button"
            aria-label="Zoom in"
            onClick={() => {
              setViewport(zoom(viewport, 2, width / 2));
            }}
          >
            +
          </button>
          <button
            type="button"
            onClick={() => {
              setViewport(undefined);
            }}
          >
            Fit
          </button>
          <button
            type="button"
            onClick={() => {
              setViewport(fit(chosen.info.start, chosen.info.limit, width));
            }}
          >
            All
          </button>
        </div>
      </div>
      <Canvas
        height={OVERVIEW}
        draw={overview}
        label={`Overview: ${columns.count} regions and gaps, each as wide as the logarithm of its size`}
        canvasProps={{
          class: 'overview',
          onPointerDown: (event) => {
            const { left, width: wide } = event.currentTarget.getBoundingClientRect();
            const share = (event.clientX - left) / wide;
            const row = firstAfter((i) => places[i] as number, 0, columns.count, share) - 1;
            const region = chosen.regions.row(Math.max(0, row));
            if (region === undefined) return;
            address.value = BigInt(region.addr);
            setViewport(fit(region.addr, region.addr + region.size, width));
          },
        }}
      />
      <Canvas
        height={DETAIL}
        draw={draw}
        onWidth={setWidth}
        label={`Addresses ${hex(viewport.origin)} to ${hex(end)}, one pixel for ${size(2 ** viewport.shift)}. Arrow keys move, plus and minus zoom.`}
        canvasProps={{
          class: 'detail',
          tabIndex: 0,
          'data-keys': true,
          'data-origin': hex(viewport.origin),
          'data-shift': viewport.shift,
          onWheel: (event) => {
            event.preventDefault();
            const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
            if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
              setViewport(pan(viewport, event.deltaX + (event.shiftKey ? event.deltaY : 0)));
            } else setViewport(zoom(viewport, event.deltaY < 0 ? 1 : -1, x));
          },
          onPointerDown: (event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
          },
          onPointerMove: (event) => {
            const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
            setHover(viewport.origin + x * 2 ** viewport.shift);
            if (event.buttons === 1 && event.movementX !== 0) setViewport(pan(viewport, -event.movementX));
          },
          onPointerLeave: () => {
            setHover(undefined);
          },
          onClick: (event) => {
            const x = event.clientX - event.currentTarget.getBoundingClientRect().left;
            pick(viewport.origin + x * 2 ** viewport.shift);
          },
          onKeyDown: (event) => {
            const next = keyed(event.key, viewport, width, () => {
              const rows = chosen.regions.columns().count;
              const by = event.key === ']' ? 1 : -1;
              const row = chosen.regions.row(Math.max(0, Math.min(rows - 1, picked + by)));
              if (row !== undefined) address.value = BigInt(row.addr);
            });
            if (next === undefined) return;
            event.preventDefault();
            event.stopPropagation();
            if (next !== 'done') setViewport(next === 'fit' ? undefined : next);
          },
        }}
      />
      <p class="hover" aria-hidden="true">
        {hovered === undefined
          ? `1 pixel = ${size(2 ** viewport.shift)} · drag to move, wheel to zoom, click a region`
          : `${hex(hovered.addr)} … ${hex(hovered.addr + hovered.size)} · ${size(hovered.size)} · ${
              hovered.used
                ? hovered.mapped
                  ? `mapped to ${hovered.object?.id ?? 'page frames'}`
                  : 'not mapped'
                : 'free'
            }${hovered.refd === undefined ? '' : ` · ${shiftName(hovered.refd)} pages`}`}
      </p>
      <Legend items={REGION_LEGEND} />
      <RegionFacts chosen={chosen} row={chosen.regions.row(picked)} />
      <RegionTableView
        regions={chosen.regions}
        from={from}
        to={to}
        picked={picked}
        onPick={(at) => {
          address.value = BigInt(at);
        }}
      />
    </>
  );
}

/** Text over the lines of the axis. */
function label(context: CanvasRenderingContext2D, text: string, y: number): void {
  const colours = palette();
  context.fillStyle = colours.raised;
  context.fillRect(2, y, context.measureText(text).width + 6, 13);
  context.fillStyle = colours.quiet;
  context.fillText(text, 5, y + 1);
}

function keyed(
  key: string,
  viewport: Viewport,
  width: number,
  move: () => void,
): Viewport | 'fit' | 'done' | undefined {
  switch (key) {
    case 'ArrowLeft':
      return pan(viewport, -width / 8);
    case 'ArrowRight':
      return pan(viewport, width / 8);
    case '+':
    case '=':
      return viewport.shift <= MIN_SHIFT ? 'done' : zoom(viewport, 1, width / 2);
    case '-':
      return viewport.shift >= MAX_SHIFT ? 'done' : zoom(viewport, -1, width / 2);
    case 'Home':
      return 'fit';
    case '[':
    case ']':
      move();
      return 'done';
    default:
      return undefined;
  }
}

/** Where an address lies in the overview, from 0 to 1. */
function positionOf(places: Float64Array, addr: Float64Array, count: number, at: number): number {
  const row = Math.max(0, Math.min(count - 1, firstAfter((i) => addr[i] as number, 0, count + 1, at + 1) - 1));
  const from = addr[row] ?? 0;
  const span = (addr[row + 1] ?? from + 1) - from;
  const left = places[row] ?? 0;
  const share = Math.max(0, Math.min(1, (at - from) / span));
  return left + share * ((places[row + 1] ?? 1) - left);
}

function readBytes(
  tables: Hardware | undefined,
  from: number,
  to: number,
  rows: number,
): readonly TableRange[] | undefined {
  if (tables === undefined || rows > READ_LIMIT) return undefined;
  const { format, image, root } = tables;
  const list: TableRange[] = [];
  const options = { start: BigInt(Math.floor(from)), end: BigInt(Math.ceil(to)), maxEntries: ENTRY_LIMIT };
  for (const range of listRanges(format, image, root, options)) {
    list.push(range);
    if (list.length > READ_LIMIT) break;
  }
  return list;
}

function drawBytes(
  context: CanvasRenderingContext2D,
  bytes: readonly TableRange[] | undefined,
  viewport: Viewport,
  width: number,
): void {
  const colours = palette();
  const top = 88;
  const height = 24;
  if (bytes === undefined) {
    context.fillStyle = colours.quiet;
    context.fillText('zoom in to read the tables', 4, top + 6);
    return;
  }
  for (const range of bytes) {
    const x = Math.max(0, (Number(range.va) - viewport.origin) / 2 ** viewport.shift);
    const end = Math.min(width, (Number(range.va + range.size) - viewport.origin) / 2 ** viewport.shift);
    if (x >= width || end <= 0) continue;
    const wide = Math.max(1, end - x);
    context.fillStyle =
      range.kind === 'mapped'
        ? mappedColour(colours, range.aperture, range.shift)
        : range.kind === 'problem'
          ? colours.bad
          : colours.sparse;
    context.fillRect(x, top, wide, height);
    if (range.kind === 'sparse') hatch(context, x, top, wide, height, colours.paper);
  }
}
