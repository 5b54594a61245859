import { useEffect, useRef } from 'react';
import { texts } from '../texts.ts';

/** Enter or leaving keeps, Esc forgets. `done` gets the new title, or nothing when it stays. */
export function RenameField({ title, done }: { title: string; done(next: string | undefined): void }) {
  const field = useRef<HTMLInputElement>(null);
  const isDone = useRef(false);
  useEffect(() => field.current?.select(), []);

  function finish(next: string | undefined): void {
    if (isDone.current) return;
    isDone.current = true;
    const text = next?.trim();
    done(text === undefined || text === '' || text === title ? undefined : text);
  }

  return (
    <input
      ref={field}
      autoFocus
      defaultValue={title}
      maxLength={200}
      aria-label={texts.sidebar.renameLabel}
      className="h-[34px] w-full rounded-md border border-accent bg-card px-[11px] outline-none"
      onBlur={(event) => finish(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') finish(event.currentTarget.value);
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        finish(undefined);
      }}
    />
  );
}
