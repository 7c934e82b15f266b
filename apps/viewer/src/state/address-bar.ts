import { effect } from '@preact/signals';
import { formatLink, parseLink, type Link } from '../model/link.js';
import { openLink, packedScript } from './load.js';
import { address, busy, chosenSpace, entry, level, otherChip, session, step, view } from './store.js';

/** What the page shows, as a link; `undefined` when nothing is loaded. */
export function currentLink(): Link | undefined {
  const current = session.value;
  if (current === undefined) return view.value === 'explain' ? { view: 'explain' } : undefined;
  const { source } = current;
  const z = current.kind === 'script' && source.kind !== 'example' ? packedScript(current.text) : undefined;
  const chip = current.kind === 'dump' ? current.chip : otherChip.value;
  return {
    ...(source.kind === 'example' && { ex: source.name }),
    ...(source.kind === 'served' && { served: source.name }),
    ...(source.kind !== 'example' && source.kind !== 'served' && (z === undefined ? { file: source.name } : { z })),
    ...(current.kind === 'script' && { step: step.value }),
    view: view.value,
    ...(chosenSpace.value !== undefined && { space: chosenSpace.value }),
    ...(address.value !== undefined && { at: address.value }),
    ...(level.value !== undefined && { level: level.value }),
    ...(entry.value !== undefined && { entry: entry.value }),
    ...(chip !== undefined && { chip }),
  };
}

/** The address of the page without its fragment. */
function pageAddress(): string {
  return location.origin + location.pathname + location.search;
}

/** The link to pass on: unlike the address bar's it carries the script of a served file, if that is short enough. */
export function linkToShare(): string {
  const link = currentLink() ?? {};
  const current = session.peek();
  const z = current?.kind === 'script' ? packedScript(current.text) : undefined;
  if (link.served === undefined || z === undefined) return `${pageAddress()}#${formatLink(link)}`;
  const { served: _, ...rest } = link;
  return `${pageAddress()}#${formatLink({ z, ...rest })}`;
}

/** Keeps the address bar in step with the page, and the page with the address bar. */
export function followAddressBar(): void {
  let written = '';
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const link = currentLink();
    if (busy.value !== undefined) return;
    const fragment = link === undefined ? '' : formatLink(link);
    clearTimeout(timer);
    // Browsers limit how often the address may change.
    timer = setTimeout(() => {
      if (link === undefined && parseLink(location.hash).file !== undefined) return;
      if (location.hash.slice(1) === fragment) return;
      written = fragment;
      history.replaceState(null, '', fragment === '' ? location.pathname + location.search : `#${fragment}`);
    }, 120);
  });
  addEventListener('hashchange', () => {
    const fragment = location.hash.slice(1);
    if (fragment !== written) void openLink(parseLink(fragment));
  });
}
