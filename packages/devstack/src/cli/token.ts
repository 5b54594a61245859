import { issueAccessToken } from '../admin-access.ts';
import type { TokenType } from '../admin-access.ts';
import { openDataFolder } from '../data-folder.ts';
import { isRunning, readRunFile } from '../run-file.ts';
import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';

const TYPES: readonly TokenType[] = ['registered', 'paid', 'privileged'];
const readType = (text: string): TokenType => {
  const type = TYPES.find((each) => each === text);
  if (!type) throw new UsageError(`--type is one of ${TYPES.join(', ')}, not ${text}`);
  return type;
};

/** Prints nothing but the token, for `$(./dev token)`. */
export const token = async (args: Arguments): Promise<number> => {
  const data = await openDataFolder(args.dataDir);
  const state = await readRunFile(data.runFile);
  if (!state || !isRunning(state)) throw new UsageError('nothing is running; ./dev up starts it');
  if (!state.isUp) throw new UsageError('the stack is still starting; try again in some seconds');
  const user = args.user ?? 'dev';
  const issued = await issueAccessToken(
    { ...state, masterKey: data.credentials.masterKey },
    { user, type: readType(args.type ?? 'registered') },
  );
  console.log(issued);
  return 0;
};
