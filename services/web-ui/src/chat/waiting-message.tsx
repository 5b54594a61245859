import type { TurnView } from '@switchyard/client';
import { RotateCcw, Trash2 } from 'lucide-react';
import { texts } from '../texts.ts';
import type { TurnActions } from './turn-actions.ts';

/** A message that is kept until it can be sent: calm, because nothing is wrong and nothing has to be done. */
export function WaitingMessage({ turn, actions }: { turn: TurnView; actions: TurnActions }) {
  const { messageId, error } = turn;
  // Somebody answered and asked to wait, or nobody did.
  const isRefused = error !== undefined && error.errorType !== 'network_error';
  return (
    <div className="-mt-4 flex flex-wrap items-center justify-end gap-x-3 gap-y-1 text-sm text-ink-2">
      <p role="status" className="flex items-center gap-2">
        <span className="signal" data-tone="run" aria-hidden="true" />
        {isRefused ? texts.turn.waitsForServer : texts.turn.waitsForNetwork}
        <span className="text-ink-3 max-sm:sr-only">{texts.turn.waitsHow}</span>
      </p>
      {messageId !== undefined && (
        <div className="-mr-2 flex gap-0.5">
          <button type="button" className="tool-button" onClick={() => actions.resend(messageId)}>
            <RotateCcw size={14} aria-hidden="true" /> {texts.turn.sendNow}
          </button>
          <button type="button" className="tool-button" onClick={() => actions.discard(messageId)}>
            <Trash2 size={14} aria-hidden="true" /> {texts.turn.drop}
          </button>
        </div>
      )}
    </div>
  );
}
