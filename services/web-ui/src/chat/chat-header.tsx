import type { BundleSummary } from '@switchyard/protocol';
import { Menu, PanelRight, SquarePen } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { useShell } from '../app/shell-context.tsx';
import { texts } from '../texts.ts';
import { WidgetIcon } from '../widgets/widget-icon.tsx';
import { BundlePicker } from './bundle-picker.tsx';
import { focusComposer } from './focus-composer.ts';

interface ChatHeaderProps {
  title: string | undefined;
  bundle: BundleSummary | undefined;
  bundles: readonly BundleSummary[];
  /** Only while there is still a choice. */
  pick: ((bundleId: string) => void) | undefined;
  /** Opens and closes the bundle's widgets; undefined where it has none. */
  widgets: { title: string; icon: string | undefined; isOpen: boolean; toggle(): void } | undefined;
}

export function ChatHeader({ title, bundle, bundles, pick, widgets }: ChatHeaderProps) {
  const { openDrawer } = useShell();
  return (
    <header className="flex h-13 shrink-0 items-center gap-1 border-b border-line px-2 md:px-4">
      <button
        type="button"
        className="icon-button md:hidden"
        aria-label={texts.sidebar.open}
        onClick={openDrawer}
      >
        <Menu size={19} aria-hidden="true" />
      </button>
      <BundlePicker bundle={bundle} bundles={bundles} pick={pick} />
      {title !== undefined && (
        <h1 className="min-w-0 truncate border-line-2 text-ink-2 max-sm:sr-only sm:border-l sm:pl-3.5">
          {title}
        </h1>
      )}
      <span className="flex-1" />
      {widgets !== undefined && (
        <button
          type="button"
          className="tool-button shrink-0"
          aria-label={texts.widgets.open(widgets.title)}
          aria-expanded={widgets.isOpen}
          onClick={() => widgets.toggle()}
        >
          <WidgetIcon name={widgets.icon} size={17}>
            <PanelRight size={17} aria-hidden="true" />
          </WidgetIcon>
          <span className="max-sm:hidden">{widgets.title}</span>
        </button>
      )}
      <Link
        to="/"
        className="icon-button md:hidden"
        aria-label={texts.sidebar.create}
        onClick={() => requestAnimationFrame(focusComposer)}
      >
        <SquarePen size={18} aria-hidden="true" />
      </Link>
    </header>
  );
}
