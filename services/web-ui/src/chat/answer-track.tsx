import type { StepView, TurnView } from '@switchyard/client';
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { texts } from '../texts.ts';
import { formatDuration } from './format.ts';

type Tone = 'run' | 'stop' | 'off' | 'clear';

/** The signal of a turn: amber while it runs, green when clear, red when it stopped. */
function toneOf(turn: TurnView): Tone {
  if (turn.status === 'running' || turn.status === 'queued' || turn.status === 'sending') return 'run';
  if (turn.status === 'completed') return 'clear';
  return turn.status === 'cancelled' ? 'off' : 'stop';
}

function toneOfStep(step: StepView, isRunning: boolean): Tone {
  if (step.status === 'error') return 'stop';
  if (step.status === 'skipped' || step.status === 'cancelled') return 'off';
  // A step that its bundle never closed is not running any more once the turn is over.
  return step.status === 'completed' ? 'clear' : isRunning ? 'run' : 'off';
}

export function summaryOf(turn: TurnView): string {
  if (turn.status === 'sending') return texts.turn.sending;
  if (turn.status === 'queued') return texts.turn.waiting;
  const open = turn.steps.findLast((step) => step.status === 'started' || step.status === 'running');
  if (turn.status === 'running') {
    if (open !== undefined) return open.title;
    if (turn.answer !== '') return texts.turn.writing;
    return turn.thinking !== '' ? texts.turn.thinking : texts.turn.working;
  }
  const last = turn.steps.at(-1);
  if (last !== undefined)
    return turn.steps.length === 1 ? last.title : `${last.title} · ${texts.turn.steps(turn.steps.length)}`;
  return turn.thinking === '' ? texts.turn.done : texts.turn.thought;
}

/** The way to the answer: one line that opens into thoughts and steps, set along a track with a signal for each. */
export function AnswerTrack({ turn }: { turn: TurnView }) {
  const [isOpen, setOpen] = useState(false);
  const tone = toneOf(turn);
  const hasMore = turn.steps.length > 0 || turn.thinking !== '';
  // A finished answer with nothing behind it needs no line above it.
  if (!hasMore && tone !== 'run') return null;
  const took =
    turn.startedAt !== undefined && turn.endedAt !== undefined ? turn.endedAt - turn.startedAt : undefined;
  const line = (
    <>
      <span className="signal" data-tone={tone} aria-hidden="true" />
      <span className="min-w-0 truncate">{summaryOf(turn)}</span>
      {took !== undefined && tone !== 'run' && (
        <span className="shrink-0 text-ink-3 tabular">{formatDuration(took)}</span>
      )}
    </>
  );
  if (!hasMore) {
    return <p className="mb-2.5 flex h-7 items-center gap-2.5 text-sm text-ink-2">{line}</p>;
  }
  return (
    <div className="mb-2.5 text-sm text-ink-2">
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        className="-ml-2 flex h-8 max-w-full items-center gap-2.5 rounded-sm pr-2 pl-2 hover:bg-paper-2 hover:text-ink"
      >
        {line}
        <ChevronRight
          size={14}
          aria-hidden="true"
          className={`shrink-0 text-ink-3 transition-transform ${isOpen ? 'rotate-90' : ''}`}
        />
      </button>
      {isOpen && <Track turn={turn} />}
    </div>
  );
}

function Track({ turn }: { turn: TurnView }) {
  const isRunning = turn.status === 'running';
  return (
    <div className="mt-1 mb-4 ml-[3px] border-l border-line-2 pl-[17px]">
      {turn.thinking !== '' && (
        <div className="relative py-1.5">
          <Stop tone="off" />
          <p className="font-medium text-ink">{texts.turn.thought}</p>
          <p
            className="mt-0.5 max-h-64 overflow-y-auto leading-relaxed break-words whitespace-pre-wrap"
            tabIndex={0}
          >
            {turn.thinking}
          </p>
        </div>
      )}
      <ol>
        {turn.steps.map((step) => (
          <li
            key={`${step.name}-${step.startedAt}`}
            className="relative flex flex-wrap items-baseline gap-x-3 py-1"
          >
            <Stop tone={toneOfStep(step, isRunning)} />
            <span className="min-w-0 flex-1 text-pretty">{step.title}</span>
            {step.endedAt !== undefined && (
              <span className="shrink-0 text-xs text-ink-3 tabular">
                {formatDuration(step.endedAt - step.startedAt)}
              </span>
            )}
            <StepProgram step={step} />
          </li>
        ))}
      </ol>
    </div>
  );
}

/** A program that was run as this step, and what it printed. */
function StepProgram({ step: { data = {} } }: { step: StepView }) {
  const parts = [data['code'], data['output']].filter((part) => typeof part === 'string' && part !== '');
  if (typeof data['code'] !== 'string') return null;
  return parts.map((part, at) => (
    <pre
      key={at === 0 ? 'code' : 'output'}
      tabIndex={0}
      aria-label={at === 0 ? texts.turn.program : texts.turn.programOutput}
      className="mt-1 max-h-64 w-full overflow-auto rounded-sm bg-paper-2 px-3 py-2 text-xs leading-relaxed"
    >
      <code>{String(part)}</code>
    </pre>
  ));
}

/** A signal that stands on the track's line. */
function Stop({ tone }: { tone: Tone }) {
  return (
    <span
      className="signal absolute top-[0.72em] -left-[21.5px] ring-3 ring-paper"
      data-tone={tone}
      aria-hidden="true"
    />
  );
}
