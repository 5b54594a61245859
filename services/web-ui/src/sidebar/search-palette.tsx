import { useNavigate } from '@tanstack/react-router';
import { MessageSquare, SquarePen } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { useEffect, useId, useRef, useState } from 'react';
import { useConversationList } from '../app/queries.ts';
import { focusComposer } from '../chat/focus-composer.ts';
import { texts } from '../texts.ts';
import { useSearch } from './use-search.ts';

interface Choice {
  key: string;
  label: string;
  detail?: string | undefined;
  icon: LucideIcon;
  /** Missing: a new one. */
  conversationId?: string;
  heading?: string;
}

/** New or found: one field, one list, all by keyboard (a combobox with its listbox). */
export function SearchPalette({ close }: { close(): void }) {
  const [query, setQuery] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const search = useSearch(query);
  const choices = useChoices(query, search.hits);
  const current = choices[Math.min(active, choices.length - 1)];

  useEffect(() => {
    list.current?.querySelectorAll('[role=option]')[active]?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  function choose(choice: Choice | undefined): void {
    if (choice === undefined) return;
    close();
    const { conversationId } = choice;
    const going =
      conversationId === undefined
        ? navigate({ to: '/' })
        : navigate({ to: '/c/$conversationId', params: { conversationId } });
    void going.then(() => requestAnimationFrame(focusComposer));
  }

  function onKeyDown(event: React.KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0) setActive((at) => (at + step + choices.length) % choices.length);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) choose(current);
    else return;
    event.preventDefault();
  }

  const isEmpty = query.trim() !== '' && choices.length === 1 && !search.isPending;
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && close()}>
      <Dialog.Portal>
        <div className="overlay" aria-hidden="true" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[max(12px,12vh)] left-1/2 z-50 flex max-h-[70dvh] w-[min(600px,calc(100vw-24px))] -translate-x-1/2 animate-[appear_120ms_ease-out] flex-col overflow-hidden rounded-lg border border-line-2 bg-card shadow-float outline-none"
        >
          <Dialog.Title className="sr-only">{texts.palette.label}</Dialog.Title>
          <input
            role="combobox"
            aria-expanded="true"
            aria-controls={listId}
            aria-activedescendant={current === undefined ? undefined : `${listId}-${current.key}`}
            aria-label={texts.palette.label}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              // Once something is typed the first find is meant, not the new conversation above it.
              setActive(event.target.value.trim() === '' ? 0 : 1);
            }}
            onKeyDown={onKeyDown}
            placeholder={texts.palette.placeholder}
            maxLength={500}
            className="h-14 shrink-0 border-b border-line bg-transparent px-5 text-lg outline-none placeholder:text-ink-3"
          />
          <div
            ref={list}
            id={listId}
            role="listbox"
            aria-label={texts.palette.label}
            className="min-h-0 overflow-y-auto p-2"
          >
            {choices.map((choice) => (
              <div key={choice.key} role="presentation">
                {choice.heading !== undefined && (
                  <div role="presentation" className="px-3 pt-3 pb-1 text-xs font-medium text-ink-3">
                    {choice.heading}
                  </div>
                )}
                <Option
                  id={`${listId}-${choice.key}`}
                  choice={choice}
                  isActive={choice === current}
                  choose={() => choose(choice)}
                />
              </div>
            ))}
          </div>
          <p role="status" className="shrink-0 border-t border-line px-5 py-2.5 text-xs text-ink-3">
            {search.isError
              ? texts.palette.failed
              : search.isPending
                ? texts.palette.searching
                : isEmpty
                  ? texts.palette.none(query.trim())
                  : texts.palette.hint}
          </p>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Option({
  id,
  choice,
  isActive,
  choose,
}: {
  id: string;
  choice: Choice;
  isActive: boolean;
  choose(): void;
}) {
  const Icon = choice.icon;
  return (
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      onClick={choose}
      className="flex cursor-pointer items-center gap-3 rounded-md px-3 py-2 hover:bg-paper-2 aria-selected:bg-paper-3"
    >
      <Icon size={16} className="shrink-0 text-ink-3" aria-hidden="true" />
      <span className="min-w-0">
        <span className="block truncate">{choice.label}</span>
        {choice.detail !== undefined && (
          <span className="block truncate text-sm text-ink-2">{choice.detail}</span>
        )}
      </span>
    </div>
  );
}

function useChoices(query: string, hits: ReturnType<typeof useSearch>['hits']): Choice[] {
  const { items } = useConversationList();
  const needle = query.trim().toLowerCase();
  const titled = items
    .filter((item) => (item.title ?? texts.sidebar.untitled).toLowerCase().includes(needle))
    .slice(0, needle === '' ? 8 : 6)
    .map((item) => ({
      key: `c-${item.conversation_id}`,
      label: item.title ?? texts.sidebar.untitled,
      icon: MessageSquare,
      conversationId: item.conversation_id,
    }));
  const found = hits.map((hit) => ({
    key: `h-${hit.turn_id}`,
    label: hit.title ?? texts.sidebar.untitled,
    detail: hit.snippet.replace(/<\/?[a-z]+>/gi, ''),
    icon: MessageSquare,
    conversationId: hit.conversation_id,
  }));
  const heading = needle === '' ? texts.palette.recent : texts.palette.titles;
  const create: Choice = { key: 'new', label: texts.palette.create, icon: SquarePen };
  return [create, ...withHeading(titled, heading), ...withHeading(found, texts.palette.hits)];
}

function withHeading(choices: readonly Choice[], heading: string): Choice[] {
  return choices.map((choice, at) => (at === 0 ? { ...choice, heading } : choice));
}
