import { signal, type Signal } from '@preact/signals';

/** The themes that somebody can choose; `auto` follows the system. */
export type ThemeChoice = 'auto' | 'light' | 'dark';

/** Colours that canvases draw with, read from the style sheet. */
export interface Palette {
  readonly ink: string;
  readonly quiet: string;
  readonly line: string;
  readonly paper: string;
  readonly raised: string;
  readonly accent: string;
  readonly free: string;
  readonly reserved: string;
  readonly sparse: string;
  readonly table: string;
  readonly blocked: string;
  readonly bad: string;
  readonly changed: string;
  /** By aperture, from small pages to large ones. */
  readonly vram: readonly [string, string, string];
  readonly host: readonly [string, string, string];
  readonly ncoh: readonly [string, string, string];
  readonly peer: readonly [string, string, string];
}

export const themeChoice: Signal<ThemeChoice> = signal('auto');

const KEY = 'nvmmu-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Counts theme changes, so that canvases are drawn anew. */
export const themeVersion: Signal<number> = signal(0);

/** Chooses a theme and remembers it where the browser allows that. */
export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  const isDark = choice === 'dark' || (choice === 'auto' && dark.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
  cached = undefined;
  themeVersion.value = themeVersion.peek() + 1;
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // Pages from a file, or with storage switched off, forget it.
  }
}

/** Takes up the choice of last time. */
export function startTheme(): void {
  let stored: string | null = null;
  try {
    stored = localStorage.getItem(KEY);
  } catch {
    // As above.
  }
  chooseTheme(stored === 'light' || stored === 'dark' ? stored : 'auto');
  dark.addEventListener('change', () => {
    if (themeChoice.peek() === 'auto') chooseTheme('auto');
  });
}

let cached: Palette | undefined;

/** The colours of the present theme. */
export function palette(): Palette {
  if (cached !== undefined) return cached;
  const style = getComputedStyle(document.documentElement);
  const get = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const ramp = (name: string): readonly [string, string, string] => [
    get(`${name}-1`),
    get(`${name}-2`),
    get(`${name}-3`),
  ];
  cached = {
    ink: get('ink'),
    quiet: get('quiet'),
    line: get('line'),
    paper: get('paper'),
    raised: get('raised'),
    accent: get('accent'),
    free: get('free'),
    reserved: get('reserved'),
    sparse: get('sparse'),
    table: get('table'),
    blocked: get('blocked'),
    bad: get('bad'),
    changed: get('changed'),
    vram: ramp('vram'),
    host: ramp('host'),
    ncoh: ramp('ncoh'),
    peer: ramp('peer'),
  };
  return cached;
}

/** The colour of something mapped: hue by aperture, depth by page size. */
export function mappedColour(colours: Palette, aperture: string, shift: number): string {
  const ramp =
    aperture === 'host'
      ? colours.host
      : aperture === 'ncoh'
        ? colours.ncoh
        : aperture === 'peer'
          ? colours.peer
          : colours.vram;
  return ramp[shift <= 12 ? 0 : shift <= 17 ? 1 : 2];
}
