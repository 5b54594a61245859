import type { TurnView } from '@switchyard/client';
import { Suspense, lazy } from 'react';

const Markdown = lazy(async () => ({ default: (await import('./markdown.tsx')).Markdown }));

/** Loads the renderer before the first answer needs it. */
export function preloadMarkdown(): void {
  void import('./markdown.tsx');
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
