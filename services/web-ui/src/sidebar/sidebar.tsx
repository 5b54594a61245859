import { Link } from '@tanstack/react-router';
import { Search, SquarePen } from 'lucide-react';
import { focusComposer } from '../chat/focus-composer.ts';
import { texts } from '../texts.ts';
import { Mark } from '../ui/mark.tsx';
import { commandKey } from '../ui/command-key.ts';
import { AccountMenu } from './account-menu.tsx';
import { ConversationNav } from './conversation-nav.tsx';

export function Sidebar({ openSearch }: { openSearch(): void }) {
  return (
    <div className="flex h-full min-h-0 flex-col px-3 pt-3 pb-[max(8px,env(safe-area-inset-bottom))]">
      <div className="flex h-9 items-center gap-2.5 px-2 text-accent">
        <Mark />
        <span className="font-semibold tracking-tight text-ink">{texts.product}</span>
      </div>
      <div className="mt-3 flex flex-col gap-0.5">
        <Link
          to="/"
          onClick={() => requestAnimationFrame(focusComposer)}
          className="flex h-10 items-center gap-2.5 rounded-md border border-line-2 bg-card px-3 font-medium hover:border-ink-3"
        >
          <SquarePen size={16} className="text-ink-2" aria-hidden="true" />
          {texts.sidebar.create}
        </Link>
        <button
          type="button"
          onClick={openSearch}
          className="mt-1 flex h-9 items-center gap-2.5 rounded-md px-3 text-ink-2 hover:bg-paper-3 hover:text-ink"
        >
          <Search size={16} aria-hidden="true" />
          {texts.sidebar.search}
          <kbd className="ml-auto hidden rounded border border-line-2 px-1.5 font-sans text-[11px] leading-5 text-ink-2 md:block">
            {commandKey('K')}
          </kbd>
        </button>
      </div>
      <ConversationNav />
      <AccountMenu />
    </div>
  );
}
