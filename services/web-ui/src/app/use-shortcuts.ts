import { useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';
import { focusComposer } from '../chat/focus-composer.ts';

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** ⌘K or Ctrl K: search and new. ⌘⇧O or Ctrl Shift O: new at once. `/`: to the message field. */
export function useShortcuts({ openSearch }: { openSearch(): void }): void {
  const navigate = useNavigate();
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      const isCommand = event.metaKey || event.ctrlKey;
      const key = event.key.toLowerCase();
      if (isCommand && !event.shiftKey && key === 'k') openSearch();
      else if (isCommand && event.shiftKey && key === 'o') void navigate({ to: '/' }).then(focusComposer);
      else if (key === '/' && !isCommand && !isTyping(event.target)) focusComposer();
      else return;
      event.preventDefault();
    }
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });
}
