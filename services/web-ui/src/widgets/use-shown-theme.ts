import { useSyncExternalStore } from 'react';
import { useCell } from '../app/state-cell.ts';
import { themeCell } from '../app/theme.ts';

const DARK = '(prefers-color-scheme: dark)';

function subscribe(onChange: () => void): () => void {
  const media = matchMedia(DARK);
  media.addEventListener('change', onChange);
  return () => media.removeEventListener('change', onChange);
}

/** The theme that is seen, whoever chose it. */
export function useShownTheme(): 'light' | 'dark' {
  const chosen = useCell(themeCell);
  const isSystemDark = useSyncExternalStore(subscribe, () => matchMedia(DARK).matches);
  if (chosen === 'system') return isSystemDark ? 'dark' : 'light';
  return chosen;
}
