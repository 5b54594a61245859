import type { BundleSummary } from '@switchyard/protocol';
import { ArrowUpRight } from 'lucide-react';
import { texts } from '../texts.ts';

interface EmptyStateProps {
  bundle: BundleSummary | undefined;
  isReady: boolean;
  start(text: string): void;
}

const STARTERS_SHOWN = 3;

/** Before the first message: what this bundle can do, ways to start, and whether anything leaves this machine. */
export function EmptyState({ bundle, isReady, start }: EmptyStateProps) {
  if (!isReady) return <div className="flex-1" aria-busy="true" />;
  if (bundle?.answers_messages === false) return <NoMessages bundle={bundle} />;
  const starters =
    bundle === undefined || bundle.starters.length === 0 ? texts.empty.starters : bundle.starters;
  const isOffline = /offline/i.test(bundle?.note ?? '');
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <div className="mx-auto mt-auto mb-auto w-full max-w-[calc(var(--measure)+24px)] px-5 py-8">
        <h1 className="text-2xl leading-tight font-semibold tracking-[-0.02em] text-balance">
          {texts.empty.fallbackTitle}
        </h1>
        <p className="mt-2.5 max-w-[36rem] text-ink-2 text-pretty">
          {bundle?.description ?? texts.empty.fallbackBody}
        </p>
        <ul aria-label={texts.empty.startersLabel} className="mt-8 border-t border-line">
          {starters.slice(0, STARTERS_SHOWN).map((text) => (
            <li key={text} className="border-b border-line">
              <button
                type="button"
                onClick={() => start(text)}
                className="group -mx-3 flex w-[calc(100%+24px)] items-center gap-3 rounded-md px-3 py-3.5 text-left hover:bg-paper-2"
              >
                <span className="flex-1 text-pretty">{text}</span>
                <ArrowUpRight
                  size={17}
                  aria-hidden="true"
                  className="shrink-0 text-ink-3 transition-colors group-hover:text-accent"
                />
              </button>
            </li>
          ))}
        </ul>
        {isOffline && (
          <p className="mt-6 flex gap-2.5 text-sm text-pretty text-ink-2">
            <span className="signal mt-[7px]" aria-hidden="true" />
            {texts.empty.offline}
          </p>
        )}
      </div>
    </div>
  );
}

/** Of a bundle that does something else. */
function NoMessages({ bundle }: { bundle: BundleSummary }) {
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <div className="mx-auto mt-auto mb-auto w-full max-w-[calc(var(--measure)+24px)] px-5 py-8">
        <h1 className="text-2xl leading-tight font-semibold tracking-[-0.02em] text-balance">
          {bundle.name}
        </h1>
        {bundle.description !== undefined && (
          <p className="mt-2.5 max-w-[36rem] text-ink-2 text-pretty">{bundle.description}</p>
        )}
        <p className="mt-2.5 max-w-[36rem] text-ink-2 text-pretty">
          {bundle.has_widgets === true ? texts.empty.byWidget : texts.empty.noMessages}
        </p>
      </div>
    </div>
  );
}
