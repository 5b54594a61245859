import type { TurnView } from '@switchyard/client';
import type { Citation } from '@switchyard/protocol';
import { ExternalLink, X } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { texts } from '../texts.ts';
import { useSources } from './sources-context.tsx';

/** The sources of one answer: a column beside the conversation, over it where there is no room. Esc closes. */
export function SourcesPanel({ turns }: { turns: readonly TurnView[] }) {
  const { shown, show } = useSources();
  const panel = useRef<HTMLElement>(null);
  const opener = useRef<Element | null>(null);
  const citations = turns.find((turn) => turn.turnId === shown?.turnId)?.citations ?? [];
  const citationId = shown?.citationId;

  useEffect(() => {
    opener.current = document.activeElement;
    panel.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    const card = panel.current?.querySelector(`[data-source="${citationId}"]`);
    card?.scrollIntoView({ block: 'nearest' });
  }, [citationId]);

  function close(): void {
    show(undefined);
    if (opener.current instanceof HTMLElement) opener.current.focus();
  }

  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={texts.sources.label}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
      className="fixed inset-y-0 right-0 z-30 flex w-[min(380px,100vw)] animate-[appear_140ms_ease-out] flex-col border-l border-line bg-paper shadow-float outline-none lg:static lg:w-[340px] lg:shrink-0 lg:shadow-none"
    >
      <header className="flex h-13 shrink-0 items-center justify-between border-b border-line pr-2 pl-5">
        <h2 className="font-semibold tracking-tight">{texts.sources.label}</h2>
        <button type="button" className="icon-button" aria-label={texts.sources.close} onClick={close}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      <ol className="min-h-0 flex-1 overflow-y-auto px-3 py-3">
        {citations.map((citation) => (
          <Source key={citation.id} citation={citation} isAsked={citation.id === citationId} />
        ))}
      </ol>
    </aside>
  );
}

function Source({ citation, isAsked }: { citation: Citation; isAsked: boolean }) {
  const place = [citation.path, citation.anchor]
    .filter((part) => part !== undefined && part !== '')
    .join(' › ');
  return (
    <li
      data-source={citation.id}
      aria-current={isAsked ? 'true' : undefined}
      className="rounded-md px-3 py-3 aria-[current=true]:bg-paper-2"
    >
      <div className="flex items-baseline gap-2.5">
        <span className="grid h-[18px] min-w-[18px] shrink-0 place-items-center rounded-[5px] bg-accent-soft px-1 text-[11px] font-semibold text-accent tabular">
          {citation.id}
        </span>
        <div className="min-w-0">
          <p className="leading-snug font-medium text-pretty">{citation.title}</p>
          {place !== '' && (
            <p className="mt-0.5 font-mono text-xs [overflow-wrap:anywhere] text-ink-3">{place}</p>
          )}
        </div>
      </div>
      {citation.quote !== undefined && (
        <blockquote className="mt-2 ml-[28px] text-sm leading-relaxed text-pretty whitespace-pre-line text-ink-2">
          {plainQuote(citation.quote)}
        </blockquote>
      )}
      {citation.url !== undefined && isWebAddress(citation.url) && (
        <a
          href={citation.url}
          target="_blank"
          rel="noopener noreferrer nofollow"
          className="mt-2 ml-[28px] inline-flex items-center gap-1.5 text-sm text-accent underline-offset-3 hover:underline"
        >
          {texts.sources.open} <ExternalLink size={13} aria-hidden="true" />
        </a>
      )}
    </li>
  );
}

/** A quote is a piece of markdown out of its place; the marks of code would stand there as they are. */
function plainQuote(quote: string): string {
  return quote.replaceAll('`', '').trim();
}

/** A source's address comes from a bundle: only what can be followed safely becomes a link. */
export function isWebAddress(url: string): boolean {
  return /^https?:\/\//i.test(url) || /^\/(?!\/)/.test(url);
}
