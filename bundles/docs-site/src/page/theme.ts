const KEY = 'theme';
type Theme = 'light' | 'dark';

/** Below `/sites/` the page has no origin and so no storage: a choice lasts as long as the page there. */
function kept(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Nothing is lost but the choice.
  }
}

/** Before anything is painted. */
export function applyKeptTheme(): void {
  const theme = kept();
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
}

export function enableThemeButton(button: HTMLButtonElement): void {
  button.hidden = false;
  button.addEventListener('click', () => {
    const { dataset } = document.documentElement;
    const isDark =
      (dataset['theme'] ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) ===
      'dark';
    const next: Theme = isDark ? 'light' : 'dark';
    dataset['theme'] = next;
    keep(next);
  });
}
