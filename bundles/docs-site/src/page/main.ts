import { enableSearchBox } from './search-box.ts';
import { applyKeptTheme, enableThemeButton } from './theme.ts';

applyKeptTheme();
document.addEventListener('DOMContentLoaded', () => {
  const { root = '' } = document.documentElement.dataset;
  const button = document.querySelector<HTMLButtonElement>('button.theme');
  if (button !== null) enableThemeButton(button);
  const form = document.querySelector<HTMLFormElement>('form.search');
  const input = form?.querySelector('input') ?? null;
  if (form !== null && input !== null) enableSearchBox(form, input, root);
  // The page that is read stands in sight in the list of all.
  document.querySelector('.side [aria-current]')?.scrollIntoView({ block: 'nearest' });
});
