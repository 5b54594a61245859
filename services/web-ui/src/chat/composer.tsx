import { ArrowUp, FileText, Paperclip, Square, X } from 'lucide-react';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { texts } from '../texts.ts';
import { preloadMarkdown } from './answer-text.tsx';
import { COMPOSER_ID } from './focus-composer.ts';
import { formatBytes } from './format.ts';
import { objectionTo, useAttachments } from './use-attachments.ts';
import type { Draft } from './use-draft.ts';

interface ComposerProps {
  draft: Draft;
  isRunning: boolean;
  /** False when it could not be taken: it stays in the field. */
  send(text: string, files: readonly File[]): boolean;
  stop(): void;
}

const LARGEST_PX = 260;

/** Grows with its text. Enter sends, Shift and Enter breaks the line; while an answer runs it can be stopped or added to. */
export function Composer({ draft, isRunning, send, stop }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const rules = useAttachments();
  const { text, files } = draft;
  const [refusedText, setRefusedText] = useState<string>();
  const unsendable = objectionTo(text, files, rules);
  const objection = unsendable ?? (refusedText === text ? texts.composer.full : undefined);
  const canSend = text.trim() !== '' && unsendable === undefined;

  useEffect(() => {
    // A phone's keyboard is not pulled up by a page that was merely opened.
    if (window.matchMedia('(hover: hover)').matches) field.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    const area = field.current;
    if (area === null) return;
    area.style.height = 'auto';
    if (text !== '') area.style.height = `${Math.min(area.scrollHeight, LARGEST_PX)}px`;
  }, [text]);

  function submit(): void {
    if (!canSend) return;
    preloadMarkdown();
    if (send(text.trim(), files)) draft.clear();
    else setRefusedText(text);
    field.current?.focus();
  }

  return (
    <form
      className="rounded-lg border border-line-2 bg-card shadow-float transition-colors focus-within:border-[color-mix(in_srgb,var(--ink-3)_45%,var(--line-2))]"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {files.length > 0 && <AttachedFiles files={files} remove={draft.removeFile} />}
      <textarea
        ref={field}
        id={COMPOSER_ID}
        rows={1}
        value={text}
        aria-label={texts.composer.label}
        aria-invalid={objection !== undefined}
        aria-describedby="message-note"
        placeholder={isRunning ? texts.composer.followup : texts.composer.placeholder}
        onChange={(event) => draft.setText(event.target.value)}
        onPaste={(event) => {
          if (!rules.isEnabled || event.clipboardData.files.length === 0) return;
          event.preventDefault();
          draft.addFiles([...event.clipboardData.files]);
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          submit();
        }}
        className="block w-full resize-none overflow-y-auto bg-transparent px-4 pt-3.5 pb-1 leading-relaxed outline-none! placeholder:text-ink-3"
      />
      <div className="flex items-center gap-1.5 px-2 pb-2">
        {rules.isEnabled && <AttachButton add={draft.addFiles} />}
        <p
          id="message-note"
          role="status"
          className={`min-w-0 flex-1 truncate px-2 text-xs ${objection === undefined ? 'text-ink-3 max-sm:sr-only' : 'text-stop'}`}
        >
          {objection ?? texts.composer.hint}
        </p>
        <span className="flex-1 sm:hidden" />
        {isRunning && (
          <button
            type="button"
            onClick={stop}
            aria-label={texts.composer.stop}
            title={texts.composer.stop}
            className="grid size-9 shrink-0 place-items-center rounded-full bg-ink text-paper hover:opacity-85"
          >
            <Square size={13} fill="currentColor" aria-hidden="true" />
          </button>
        )}
        {(!isRunning || canSend) && (
          <button
            type="submit"
            disabled={!canSend}
            aria-label={isRunning ? texts.composer.sendFollowup : texts.composer.send}
            title={isRunning ? texts.composer.sendFollowup : texts.composer.send}
            className="grid size-9 shrink-0 place-items-center rounded-full bg-accent text-accent-ink transition-colors hover:opacity-90 disabled:bg-paper-3 disabled:text-ink-3"
          >
            <ArrowUp size={18} aria-hidden="true" />
          </button>
        )}
      </div>
    </form>
  );
}

function AttachButton({ add }: { add(files: readonly File[]): void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        className="icon-button"
        aria-label={texts.composer.attach}
        title={texts.composer.attach}
        onClick={() => input.current?.click()}
      >
        <Paperclip size={18} aria-hidden="true" />
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          add([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}

function AttachedFiles({ files, remove }: { files: readonly File[]; remove(at: number): void }) {
  return (
    <ul className="flex flex-wrap gap-1.5 px-3 pt-3">
      {files.map((file, at) => (
        <li
          key={`${file.name}-${at}`}
          className="flex h-9 items-center gap-2 rounded-md border border-line bg-paper pl-2.5 text-sm"
        >
          <FileText size={15} className="text-ink-3" aria-hidden="true" />
          <span className="max-w-[12rem] truncate">{file.name}</span>
          <span className="text-xs text-ink-3 tabular">{formatBytes(file.size)}</span>
          <button
            type="button"
            className="icon-button size-8!"
            aria-label={texts.composer.detach(file.name)}
            onClick={() => remove(at)}
          >
            <X size={14} aria-hidden="true" />
          </button>
        </li>
      ))}
    </ul>
  );
}
