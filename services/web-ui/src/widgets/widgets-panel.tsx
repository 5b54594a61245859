import { Maximize2, Minimize2, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { texts } from '../texts.ts';
import type { WidgetEntry } from './use-widgets.ts';
import { WidgetIcon } from './widget-icon.tsx';
import { WidgetFrame } from './widget-frame.tsx';

export interface WidgetsPanelProps {
  bundleId: string;
  widgets: readonly WidgetEntry[];
  conversationId: string | undefined;
  close(): void;
}

/** The widgets of the bundle that answers: a column beside the conversation, over it where there is no room. Esc closes. */
export function WidgetsPanel({ bundleId, widgets, conversationId, close }: WidgetsPanelProps) {
  const panel = useRef<HTMLElement>(null);
  const [picked, pick] = useState<string>();
  const [isWide, setWide] = useState(false);
  const shown = widgets.find(({ alias }) => alias === picked) ?? widgets[0];

  useEffect(() => {
    const opener = document.activeElement;
    panel.current?.focus({ preventScroll: true });
    return () => {
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);

  if (shown === undefined) return null;
  const room = isWide ? 'lg:fixed lg:w-screen' : 'lg:static lg:w-[min(600px,46vw)] lg:shrink-0';
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label={texts.widgets.label}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        close();
      }}
      className={`fixed inset-y-0 right-0 z-30 flex w-screen animate-[appear_140ms_ease-out] flex-col border-l border-line bg-paper shadow-float outline-none sm:w-[min(600px,100vw)] lg:shadow-none ${room}`}
    >
      <header className="flex h-13 shrink-0 items-center gap-1 border-b border-line pr-2 pl-4">
        {widgets.length === 1 ? (
          <h2 className="flex min-w-0 flex-1 items-center gap-2 font-semibold tracking-tight">
            <WidgetIcon name={shown.icon} size={16} />
            <span className="truncate">{shown.title}</span>
          </h2>
        ) : (
          <nav aria-label={texts.widgets.label} className="flex min-w-0 flex-1 gap-1 overflow-x-auto">
            {widgets.map(({ alias, title, icon }) => (
              <button
                key={alias}
                type="button"
                aria-pressed={alias === shown.alias}
                className="tool-button shrink-0"
                onClick={() => pick(alias)}
              >
                <WidgetIcon name={icon} size={15} />
                {title}
              </button>
            ))}
          </nav>
        )}
        <button
          type="button"
          className="icon-button max-lg:hidden"
          aria-label={isWide ? texts.widgets.narrow : texts.widgets.widen}
          aria-pressed={isWide}
          onClick={() => setWide(!isWide)}
        >
          {isWide ? <Minimize2 size={16} aria-hidden="true" /> : <Maximize2 size={16} aria-hidden="true" />}
        </button>
        <button type="button" className="icon-button" aria-label={texts.widgets.close} onClick={close}>
          <X size={18} aria-hidden="true" />
        </button>
      </header>
      <WidgetFrame
        key={`${bundleId}/${shown.alias}`}
        bundleId={bundleId}
        alias={shown.alias}
        title={shown.title}
        conversationId={conversationId}
      />
    </aside>
  );
}
