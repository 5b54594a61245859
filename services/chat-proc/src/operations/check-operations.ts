import { PlatformError } from '@switchyard/kernel';
import type { ServedBundle } from '@switchyard/registry';

type Prepare = (served: ServedBundle) => Promise<void>;

/** Keys of the envelope that a result travels in (03 §6). A result under one of them would be read as the platform's own word. */
const TAKEN: readonly string[] = ['status', 'tenant', 'project', 'bundle_id', 'conversation_id'];
/** What has a place in an address, in the line of a widget to its page, and in the lists of tools that models and MCP clients read. */
const FITTING = /^(?!\.{1,2}$)[\w.-]{1,128}$/u;

/** The registry's `prepare` with a look at the names of operations before it: one that nobody could call is its author's to hear of. */
export function checkOperationsThen(prepare: Prepare): Prepare {
  return async (served) => {
    for (const name of Object.keys(served.manifest.operations)) {
      const reason = whyNot(name);
      if (reason === undefined) continue;
      throw PlatformError.of('UNPROCESSABLE', `The operation "${name}" cannot be called: ${reason}.`, {
        details: { field: `operations.${name}` },
      });
    }
    await prepare(served);
  };
}

function whyNot(name: string): string | undefined {
  if (TAKEN.includes(name))
    return `every answer has a key of this name already (${TAKEN.join(', ')} are taken)`;
  return FITTING.test(name) ? undefined : 'a name is 1 to 128 letters of a to z, digits, and ._-';
}
