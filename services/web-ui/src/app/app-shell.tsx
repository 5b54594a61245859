import { Outlet, useRouterState } from '@tanstack/react-router';
import { Dialog } from 'radix-ui';
import { useEffect, useState } from 'react';
import { SearchPalette } from '../sidebar/search-palette.tsx';
import { Sidebar } from '../sidebar/sidebar.tsx';
import { UndoToasts } from '../sidebar/undo-toasts.tsx';
import { texts } from '../texts.ts';
import { ProblemPage } from '../ui/problem-page.tsx';
import { ShellContext } from './shell-context.tsx';
import { usePage } from './page-context.tsx';
import { useConfig, useProfile } from './queries.ts';
import { signInAddress } from './sign-in-address.ts';
import { useShortcuts } from './use-shortcuts.ts';

/** The frame of every page: conversations on the left (a drawer on a phone), the page beside them. */
export function AppShell() {
  const [isSearchOpen, setSearchOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  // Open for the page that it was opened on: going to another one closes it.
  const [drawerPath, setDrawerPath] = useState<string>();
  const profile = useProfile();
  const auth = useConfig()?.auth;
  const { began, feed } = usePage();
  const sessionId = profile.data?.session_id;
  useShortcuts({ openSearch: () => setSearchOpen(true) });
  useEffect(() => {
    if (sessionId !== undefined) void began(sessionId);
  }, [began, sessionId]);
  useEffect(() => {
    // A conversation's page starts the stream itself, from the position that it was read at.
    if (profile.isSuccess && !path.startsWith('/c/')) feed.start();
  }, [feed, path, profile.isSuccess]);

  const isRefused = profile.data?.user_type === 'ANONYMOUS' && auth?.anonymous_allowed === false;
  const signInPath = auth?.sign_in_path ?? undefined;
  useEffect(() => {
    if (isRefused && signInPath !== undefined)
      window.location.replace(signInAddress(signInPath, window.location));
  }, [isRefused, signInPath]);

  const isDown = profile.isPending && profile.failureCount > 1;
  const sidebar = <Sidebar openSearch={() => setSearchOpen(true)} />;
  return (
    <ShellContext value={{ openDrawer: () => setDrawerPath(path), openSearch: () => setSearchOpen(true) }}>
      <a
        href="#message"
        className="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-md focus:bg-card focus:px-3 focus:py-2 focus:shadow-float"
      >
        {texts.skipToComposer}
      </a>
      <div className="grid h-dvh grid-cols-1 grid-rows-[minmax(0,1fr)] md:grid-cols-[276px_minmax(0,1fr)]">
        <aside
          aria-label={texts.sidebar.label}
          className="hidden min-h-0 border-r border-line bg-paper-2 md:block"
        >
          {profile.isSuccess && sidebar}
        </aside>
        {isRefused ? (
          <ProblemPage {...texts.errors.signIn} />
        ) : profile.isSuccess ? (
          <Outlet />
        ) : isDown ? (
          <ProblemPage {...texts.errors.boot} />
        ) : (
          <main aria-busy="true" />
        )}
      </div>
      <Dialog.Root open={drawerPath === path} onOpenChange={() => setDrawerPath(undefined)}>
        <Dialog.Portal>
          <div className="overlay md:hidden" aria-hidden="true" />
          <Dialog.Content
            aria-describedby={undefined}
            className="fixed inset-y-0 left-0 z-50 w-[min(300px,calc(100vw-48px))] animate-[slide-in_160ms_ease-out] border-r border-line bg-paper-2 shadow-float outline-none md:hidden"
          >
            <Dialog.Title className="sr-only">{texts.sidebar.label}</Dialog.Title>
            {sidebar}
          </Dialog.Content>
        </Dialog.Portal>
      </Dialog.Root>
      {isSearchOpen && <SearchPalette close={() => setSearchOpen(false)} />}
      <UndoToasts />
    </ShellContext>
  );
}
