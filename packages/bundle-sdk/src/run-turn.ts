import type { TurnInvocation } from '@switchyard/protocol';
import type { AnyBundleDefinition } from './any-definition.ts';
import type { HostPort } from './bundle-runtime.ts';
import type { CompletedTurn } from './contexts.ts';
import { createTurn } from './create-turn.ts';
import type { Loaded } from './loaded.ts';

export async function runTurn(loaded: Loaded, payload: TurnInvocation, port: HostPort): Promise<unknown> {
  const { definition } = loaded;
  if (definition.executeCore === undefined)
    throw new Error(`bundle "${definition.id}" has no executeCore: it answers no messages`);
  const { turn, finish } = createTurn({ ...loaded, payload, port });
  const result = await finish(await definition.executeCore(turn));
  if (definition.onTurnCompleted !== undefined) {
    const { turn_id, conversation_id } = payload;
    // After the answer went out: the hook must not delay it, nor fail it.
    setImmediate(completed, definition, { turn_id, conversation_id, final_answer: result.final_answer });
  }
  return result;
}

function completed(definition: AnyBundleDefinition, turn: CompletedTurn): void {
  Promise.resolve(turn)
    .then((ended) => definition.onTurnCompleted?.(ended))
    // oxlint-disable-next-line no-console -- inside a host the console is the log of the invocation
    .catch((error: unknown) => console.error('onTurnCompleted failed', error));
}
