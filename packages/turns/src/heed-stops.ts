import type { ChatTaskPayload } from '@switchyard/protocol';
import type { Epoch } from './script-arguments.ts';
import type { TurnRows } from './turn-rows.ts';
import type { TurnScripts } from './turn-scripts.ts';

/**
 * Steers without words that wait behind a turn which ended as cancelled asked for just that: their rows are folded into it, before its
 * end is told. One that comes later finds no turn, and is told so.
 */
export async function heedStops(
  { rows, scripts }: { rows: TurnRows; scripts: TurnScripts },
  payload: Pick<ChatTaskPayload, 'turn_id' | 'conversation_id'>,
  epoch: Epoch = {},
): Promise<void> {
  const { turn_id, conversation_id } = payload;
  const { turnIds } = await scripts.waitingSteers({ turn_id, conversation_id, ...epoch });
  if (turnIds.length > 0) await rows.foldStops(turnIds, turn_id);
}
