import { useEffect } from 'preact/hooks';
import { VIEWS } from '../model/link.js';
import { goTo, moveBy, playing, script, view } from '../state/store.js';

/** Elements that use keys themselves. */
const OWN_KEYS = 'input, textarea, select, [role="tree"], [role="tab"], [data-keys], dialog';

/** Listens to the keys that work everywhere on the page. */
export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target instanceof Element ? event.target : undefined;
      if ((target?.closest(OWN_KEYS) ?? null) !== null) return;
      if (event.key === '?') {
        onHelp();
        return;
      }
      const current = script.peek();
      if (current === undefined) return;
      const isButton = (target?.closest('button, a, summary') ?? null) !== null;
      const far = event.shiftKey ? 10 : 1;
      switch (event.key) {
        case 'ArrowLeft':
          moveBy(-far);
          break;
        case 'ArrowRight':
          moveBy(far);
          break;
        case 'Home':
          goTo(0);
          break;
        case 'End':
          goTo(current.recording.count - 1);
          break;
        case ' ':
          if (isButton) return;
          playing.value = !playing.peek();
          break;
        case '/':
          document.getElementById('search')?.focus();
          break;
        default: {
          const chosen = VIEWS[Number(event.key) - 1];
          if (chosen === undefined) return;
          view.value = chosen;
        }
      }
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => {
      removeEventListener('keydown', press);
    };
  }, []);
}
