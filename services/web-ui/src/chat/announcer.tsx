import type { TurnView } from '@switchyard/client';
import { useEffect, useRef, useState } from 'react';
import { texts } from '../texts.ts';

/**
 * What a screen reader hears: that an answer ended, and how. Not its words as they come, which would never stop; they are
 * there to be read when the reader wants to.
 */
export function Announcer({ turns }: { turns: readonly TurnView[] }) {
  const [words, setWords] = useState('');
  const before = useRef<ReadonlyMap<string, string>>(new Map());
  useEffect(() => {
    for (const turn of turns) {
      const was = before.current.get(turn.turnId);
      if (was !== 'running' || turn.status === was) continue;
      setWords(turn.status === 'completed' ? texts.turn.finished : texts.turn.failed);
    }
    before.current = new Map(turns.map((turn) => [turn.turnId, turn.status]));
  }, [turns]);
  return (
    <div role="status" className="sr-only">
      {words}
    </div>
  );
}
