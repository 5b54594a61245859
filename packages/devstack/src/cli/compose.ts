import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { runCommand } from './run-command.ts';

/** `./dev compose init`: the settings of docker-compose.yml with secrets made now. The script also runs where there is no Node. */
export const compose = async ({ root, rest }: Arguments): Promise<number> => {
  if (rest.join(' ') !== 'init')
    throw new UsageError('./dev compose init is all there is; docker-compose does the rest');
  const { code } = await runCommand(root, ['deploy/compose-init'], { isShown: true });
  return code;
};
