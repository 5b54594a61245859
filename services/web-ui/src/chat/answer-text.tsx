import type { TurnView } from '@switchyard/client';
import { Suspense, lazy } from 'react';
import type { ComponentType } from 'react';
import type { MarkdownProps } from './markdown.tsx';

/** After an update of the server the renderer that this page knows may be gone: the words still stand there. */
const Markdown = lazy<ComponentType<MarkdownProps>>(() =>
  import('./markdown.tsx').then(
    ({ Markdown: loaded }) => ({ default: loaded }),
    () => ({ default: PlainText }),
  ),
);

function PlainText({ text }: MarkdownProps) {
  return <div className="answer whitespace-pre-wrap">{text}</div>;
}

/** Loads the renderer before the first answer needs it. */
export function preloadMarkdown(): void {
  import('./markdown.tsx').catch(() => undefined);
}

/**
 * The text as markdown. Until its renderer has been loaded a growing answer stands there as plain text; a finished one
 * only keeps its place, since its marks would flash up and go.
 */
export function AnswerText({ turn, isRunning }: { turn: TurnView; isRunning: boolean }) {
  return (
    <Suspense
      fallback={
        <div className={`answer whitespace-pre-wrap ${isRunning ? '' : 'invisible'}`}>{turn.answer}</div>
      }
    >
      <Markdown turnId={turn.turnId} text={turn.answer} citations={turn.citations} isRunning={isRunning} />
    </Suspense>
  );
}
