import type { WidgetContext, WidgetTicket } from '@switchyard/protocol';
import { useEffect, useRef, useState } from 'react';
import { usePage } from '../app/page-context.tsx';
import { useConfig, useProfile } from '../app/queries.ts';
import { texts } from '../texts.ts';
import { useShownTheme } from './use-shown-theme.ts';
import { openWidgetBridge } from './widget-bridge.ts';
import type { WidgetBridge } from './widget-bridge.ts';

export interface WidgetFrameProps {
  bundleId: string;
  alias: string;
  title: string;
  conversationId: string | undefined;
}

/** One widget in its frame: scripts and forms, an origin of its own, and the bridge as its only way out. */
export function WidgetFrame({ bundleId, alias, title, conversationId }: WidgetFrameProps) {
  const { client, notices } = usePage();
  const frame = useRef<HTMLIFrameElement>(null);
  const bridge = useRef<WidgetBridge>(undefined);
  const [ticket, setTicket] = useState<WidgetTicket | 'failed'>();
  const [attempt, setAttempt] = useState(0);
  const [isReady, setReady] = useState(false);
  const context = useContextOf({ bundleId, alias, conversationId, version: versionOf(ticket) });

  useEffect(() => {
    let isWanted = true;
    setTicket(undefined);
    setReady(false);
    client.bundleCalls.widgetTicket(bundleId, alias).then(
      (made) => isWanted && setTicket(made),
      () => isWanted && setTicket('failed'),
    );
    return () => {
      isWanted = false;
    };
  }, [client, bundleId, alias, attempt]);

  const isConnected = context !== undefined && ticket !== undefined && ticket !== 'failed';
  const latest = useRef(context);
  // Told when it says something else, not at every drawing.
  const said = JSON.stringify(context);
  useEffect(() => {
    latest.current = context;
    if (context !== undefined) bridge.current?.setContext(context);
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `said` is the context by its content
  }, [said]);
  useEffect(() => {
    if (!isConnected || frame.current === null || latest.current === undefined) return undefined;
    const opened = openWidgetBridge({
      frame: frame.current,
      page: window,
      context: latest.current,
      calls: client.bundleCalls,
      notices,
      onReady: () => setReady(true),
    });
    bridge.current = opened;
    return () => {
      bridge.current = undefined;
      opened.close();
    };
  }, [isConnected, client, notices, ticket]);

  if (ticket === 'failed')
    return (
      <div role="alert" className="grid flex-1 place-content-center gap-3 p-6 text-center text-ink-2">
        {texts.widgets.failed}
        <button type="button" className="pill mx-auto" onClick={() => setAttempt(attempt + 1)}>
          {texts.errors.reload}
        </button>
      </div>
    );
  return (
    <div className="relative min-h-0 flex-1" aria-busy={!isReady}>
      {isConnected && (
        <iframe
          ref={frame}
          title={title}
          src={ticket.url}
          sandbox="allow-scripts allow-forms"
          referrerPolicy="no-referrer"
          className="h-full w-full border-0 bg-paper"
        />
      )}
    </div>
  );
}

function versionOf(ticket: WidgetTicket | 'failed' | undefined): string {
  return ticket === undefined || ticket === 'failed' ? '' : ticket.version;
}

interface Place {
  bundleId: string;
  alias: string;
  version: string;
  conversationId: string | undefined;
}

function useContextOf({ bundleId, alias, version, conversationId }: Place): WidgetContext | undefined {
  const config = useConfig();
  const profile = useProfile().data;
  const theme = useShownTheme();
  if (config === undefined || profile === undefined) return undefined;
  const { user_id, username } = { user_id: undefined, username: undefined, ...profile };
  return {
    bundle_id: bundleId,
    alias,
    version,
    tenant: config.tenant,
    project: config.project,
    user: {
      ...(user_id === undefined ? {} : { user_id }),
      ...(username === undefined || username === null ? {} : { username }),
      user_type: profile.user_type.toLowerCase(),
    },
    ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
    theme,
    locale: navigator.language,
  };
}
