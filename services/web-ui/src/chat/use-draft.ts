import type { OutgoingFile } from '@switchyard/client';
import { useCallback, useEffect, useState } from 'react';
import { focusComposer } from './focus-composer.ts';

export interface Draft {
  text: string;
  files: readonly File[];
  setText(text: string): void;
  addFiles(files: readonly File[]): void;
  removeFile(at: number): void;
  clear(): void;
  /** Puts a message that was not sent back into the field. */
  restore(message: { text: string; files: readonly OutgoingFile[] } | undefined): void;
}

const PREFIX = 'switchyard.draft.';

function stored(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function store(key: string, text: string): void {
  try {
    if (text === '') sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, text);
  } catch {
    // A full or forbidden storage costs a draft on reload, nothing more.
  }
}

/** What is being written, per conversation: it survives going to another one and a reload (files do not). */
export function useDraft(conversationId: string | undefined): Draft {
  const key = PREFIX + (conversationId ?? 'new');
  const [text, setShown] = useState(() => stored(key));
  const [files, setFiles] = useState<readonly File[]>([]);
  useEffect(() => {
    setShown(stored(key));
    setFiles([]);
  }, [key]);
  const setText = useCallback(
    (next: string) => {
      setShown(next);
      store(key, next);
    },
    [key],
  );
  return {
    text,
    files,
    setText,
    addFiles: (added) => {
      setFiles((known) => [...known, ...added]);
      focusComposer();
    },
    removeFile: (at) => setFiles((known) => known.filter((_, index) => index !== at)),
    clear: () => {
      setText('');
      setFiles([]);
    },
    restore: (message) => {
      if (message === undefined) return;
      setText(message.text);
      setFiles(message.files.map(({ blob, filename }) => new File([blob], filename, { type: blob.type })));
      focusComposer();
    },
  };
}
