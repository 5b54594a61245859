import { Link, useNavigate } from '@tanstack/react-router';
import { OutboxFull, runningTurn } from '@switchyard/client';
import { useEffect, useState } from 'react';
import { usePage } from '../app/page-context.tsx';
import { useBundles } from '../app/queries.ts';
import { texts } from '../texts.ts';
import { useWidgets } from '../widgets/use-widgets.ts';
import { WidgetsPanel } from '../widgets/widgets-panel.tsx';
import { ProblemPage } from '../ui/problem-page.tsx';
import { ChatHeader } from './chat-header.tsx';
import { Composer } from './composer.tsx';
import { ConnectionNote } from './connection-note.tsx';
import { DropZone } from './drop-zone.tsx';
import { EmptyState } from './empty-state.tsx';
import { focusComposer } from './focus-composer.ts';
import { QueuedMessages } from './queued-messages.tsx';
import { SourcesPanel } from './sources-panel.tsx';
import { SourcesContext } from './sources-context.tsx';
import type { ShownSources } from './sources-context.tsx';
import { TurnList } from './turn-list.tsx';
import { useConversation } from './use-conversation.ts';
import { useDraft } from './use-draft.ts';

/** One conversation, or the beginning of a new one. */
export function ChatPage({ conversationId }: { conversationId: string | undefined }) {
  const { chat, newId } = usePage();
  const navigate = useNavigate();
  const bundles = useBundles();
  const entry = useConversation(conversationId);
  const draft = useDraft(conversationId);
  const [pickedId, pickBundle] = useState<string>();
  const [sources, showSources] = useState<ShownSources>();
  useTitle(entry?.view.title, entry !== undefined && runningTurn(entry.view) !== undefined);

  const bundle = bundles.byId(entry?.view.bundleId ?? pickedId) ?? bundles.usual;
  const widgets = useWidgets(bundle?.bundle_id, bundle?.version);
  // Open for the bundle that it was opened for: another one has other widgets, or none.
  const [widgetsOf, showWidgetsOf] = useState<string>();
  const first = widgets[0];
  const hasWidgets = first !== undefined && bundle !== undefined;
  const isShowingWidgets = hasWidgets && widgetsOf === bundle.bundle_id;
  const turns = entry?.view.turns ?? [];
  // Sources are those of an answer that stands here: another conversation has none of it.
  const shown = turns.some((turn) => turn.turnId === sources?.turnId) ? sources : undefined;
  const running = entry === undefined ? undefined : runningTurn(entry.view);
  const isNew = conversationId === undefined || (entry?.load === 'ready' && turns.length === 0);

  /** What answers no messages was picked for its widget. */
  function pick(bundleId: string): void {
    pickBundle(bundleId);
    if (bundles.byId(bundleId)?.answers_messages === false) showWidgetsOf(bundleId);
  }

  /** False when there is no room for it: the writer keeps it. */
  function send(text: string, files: readonly File[] = []): boolean {
    const message = {
      text,
      files: files.map((file) => ({ filename: file.name, blob: file })),
      // A conversation keeps its bundle: what was picked is for the one that begins now.
      bundleId: conversationId === undefined ? pickedId : entry?.view.bundleId,
    };
    const id = conversationId ?? newId();
    if (conversationId === undefined) chat.begin(id, pickedId);
    try {
      chat.send(id, message);
    } catch (error) {
      if (error instanceof OutboxFull) return false;
      throw error;
    }
    if (conversationId !== undefined) return true;
    void navigate({ to: '/c/$conversationId', params: { conversationId: id } }).then(() =>
      requestAnimationFrame(focusComposer),
    );
    return true;
  }

  if (entry?.load === 'missing' || entry?.load === 'failed') {
    return (
      <Problem
        isMissing={entry.load === 'missing'}
        again={() => conversationId !== undefined && void chat.open(conversationId)}
      />
    );
  }
  return (
    <SourcesContext value={{ shown, show: showSources }}>
      <DropZone add={draft.addFiles}>
        <div className="flex min-h-0 min-w-0 flex-1">
          <main className="relative flex min-w-0 flex-1 flex-col">
            <ChatHeader
              title={isNew ? undefined : (entry?.view.title ?? texts.sidebar.untitled)}
              bundle={bundle}
              bundles={bundles.all.filter((each) => each.answers_messages !== false || each.has_widgets)}
              pick={conversationId === undefined ? pick : undefined}
              widgets={
                hasWidgets
                  ? {
                      title: widgets.length === 1 ? first.title : texts.widgets.label,
                      icon: widgets.length === 1 ? first.icon : undefined,
                      isOpen: isShowingWidgets,
                      toggle: () => {
                        showSources(undefined);
                        showWidgetsOf(isShowingWidgets ? undefined : bundle.bundle_id);
                      },
                    }
                  : undefined
              }
            />
            {isNew ? (
              <EmptyState bundle={bundle} isReady={bundles.isReady} start={(text) => send(text)} />
            ) : (
              <TurnList
                key={conversationId}
                entry={entry}
                actions={{
                  ask: (text) => send(text),
                  resend: (messageId) => chat.resend(messageId),
                  discard: (messageId) => void chat.withdraw(conversationId, messageId),
                  edit: (messageId) => draft.restore(chat.withdraw(conversationId, messageId)),
                  react: (turnId, reaction) => void chat.react(conversationId, turnId, reaction),
                }}
              />
            )}
            <div className="dock relative mx-auto w-full max-w-[calc(var(--measure)+56px)] px-2 pb-[max(8px,env(safe-area-inset-bottom))] sm:px-5 sm:pb-4">
              <ConnectionNote />
              <QueuedMessages turns={turns} />
              {(conversationId !== undefined || bundle?.answers_messages !== false) && (
                <Composer
                  draft={draft}
                  isRunning={running !== undefined}
                  send={send}
                  stop={() =>
                    conversationId !== undefined && void chat.stop(conversationId).catch(() => undefined)
                  }
                />
              )}
            </div>
          </main>
          {shown !== undefined && <SourcesPanel turns={turns} />}
          {shown === undefined && isShowingWidgets && (
            <WidgetsPanel
              bundleId={bundle.bundle_id}
              widgets={widgets}
              conversationId={conversationId}
              close={() => showWidgetsOf(undefined)}
            />
          )}
        </div>
      </DropZone>
    </SourcesContext>
  );
}

function Problem({ isMissing, again }: { isMissing: boolean; again(): void }) {
  const { title, hint } = isMissing ? texts.errors.missing : texts.errors.notLoaded;
  return (
    <ProblemPage title={title} hint={hint}>
      {!isMissing && (
        <button type="button" className="pill" onClick={again}>
          {texts.errors.reload}
        </button>
      )}
      <Link to="/" className="pill">
        {texts.errors.start}
      </Link>
    </ProblemPage>
  );
}

/** The tab's title names the conversation; a dot before it says that an answer is being written. */
function useTitle(title: string | undefined, isRunning: boolean): void {
  useEffect(() => {
    document.title = `${isRunning ? '● ' : ''}${title === undefined ? '' : `${title} · `}${texts.product}`;
  }, [title, isRunning]);
}
