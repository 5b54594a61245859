export const COMPOSER_ID = 'message';

export function focusComposer(): void {
  document.getElementById(COMPOSER_ID)?.focus();
}
