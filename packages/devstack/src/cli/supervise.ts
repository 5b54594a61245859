import { createAdminLink } from '../admin-access.ts';
import type { DataFolder } from '../data-folder.ts';
import { identify } from '../process-identity.ts';
import { removeRunFile, writeRunFile } from '../run-file.ts';
import { startStack } from '../stack.ts';
import type { Stack, StackOptions } from '../stack.ts';
import { buildWebUi } from '../web-ui-build.ts';
import type { Arguments } from './arguments.ts';
import { createLogFiles, withName } from './log-lines.ts';
import { createSteps, paints, seconds } from './progress.ts';
import type { Say } from './progress.ts';

/** In the background half progress goes to the half that the user looks at, and to the launcher's own log. */
const createSay =
  (args: Arguments): Say =>
  (line) => {
    if (args.isSupervising && process.connected) process.send?.({ say: line });
    console.log(line);
  };

const setting = (name: string): string | undefined => {
  const value = process.env[name];
  return value === undefined || value === '' ? undefined : value;
};

const saveState = async (stack: Stack, data: DataFolder): Promise<void> => {
  const launcher = identify(process.pid);
  if (!launcher) return;
  const { tenant, project, ports, redisUrl, databaseUrl } = stack.settings;
  await writeRunFile(data.runFile, {
    v: 1,
    launcher,
    url: stack.url,
    startedAt: new Date().toISOString(),
    tenant,
    project,
    ports,
    redisUrl,
    databaseUrl,
    processes: stack.processes(),
  });
};

interface Ending {
  /** Resolves at the first signal. */
  readonly asked: Promise<void>;
  readonly signal: AbortSignal;
  /** Called at every further signal. */
  onAgain: () => void;
}

const listenForEnd = (): Ending => {
  const controller = new AbortController();
  const asked = new Promise<void>((resolve) =>
    controller.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  const ending: Ending = { asked, signal: controller.signal, onAgain: () => process.exit(1) };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) ending.onAgain();
      else controller.abort(new Error('interrupted'));
    });
  }
  return ending;
};

const greet = (say: Say, url: string, link: string, total: string): void => {
  say(`\n${paints.bold('Switchyard is up')} ${paints.dim(`after ${total}`)}`);
  say(`  open        ${paints.bold(url)}`);
  say(`  as admin    ${link}  ${paints.dim('(works once)')}`);
  say(`  a message   curl -N -X POST ${url}/api/chat/messages -H 'Accept: text/event-stream' \\`);
  say(
    `                -H "Authorization: Bearer $(./dev token)" -H 'Content-Type: application/json' -d '{"message":"hello"}'`,
  );
};

const stackOptions = (
  args: Arguments,
  data: DataFolder,
  ending: Ending,
): Omit<StackOptions, 'onLine' | 'onStep' | 'events'> => {
  const [redisUrl, databaseUrl, logLevel] = [
    setting('REDIS_URL'),
    setting('DATABASE_URL'),
    setting('LOG_LEVEL'),
  ];
  const [tenant, project] = [setting('TENANT'), setting('PROJECT')];
  return {
    root: args.root,
    data,
    ports: args.ports,
    path: process.env['PATH'] ?? '',
    isRestarted: true,
    userEnv: process.env,
    signal: ending.signal,
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
  };
};

/** Runs the stack until it is asked to end. Answers the exit code. */
export const supervise = async (args: Arguments, data: DataFolder): Promise<number> => {
  process.stdout.on('error', () => {}); // the terminal may close before us
  process.stderr.on('error', () => {});
  const say = createSay(args);
  const ending = listenForEnd();
  const files = createLogFiles(data.logs);
  const steps = createSteps(say);
  let areLogsShown = false;
  let stack: Stack | undefined;
  const note = (line: string): void => {
    files.write('launcher', line);
    say(paints.yellow(line));
  };
  try {
    await buildWebUi(args.root, steps.step('page'));
    stack = await startStack({
      ...stackOptions(args, data, ending),
      onStep: steps.step,
      onLine: (source, line) => {
        files.write(source, line);
        if (areLogsShown) console.log(withName(source, line));
      },
      events: {
        onDied: (name, code, delayMs) =>
          note(`${name} died (${code}); starting it again in ${seconds(delayMs)}`),
        onStartFailed: (name, error, delayMs) =>
          note(`${name}: ${error.message}\ntrying again in ${seconds(delayMs)}`),
        onRestarted: (name) => {
          note(`${name} is back`);
          if (stack) void saveState(stack, data);
        },
      },
    });
    await saveState(stack, data);
    greet(say, stack.url, await createAdminLink(stack.settings, stack.url), steps.total());
    if (args.isSupervising && process.connected) process.send?.({ up: true });
    else say(paints.dim('\nCtrl-C ends everything. Logs follow.\n'));
    areLogsShown = !args.isSupervising;
    await ending.asked;
    return 0;
  } catch (error) {
    if (ending.signal.aborted) return 1;
    say(`\n${paints.red('It did not start:')} ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    await endStack(stack, ending, say);
    await removeRunFile(data.runFile);
    await files.close();
  }
};

const endStack = async (stack: Stack | undefined, ending: Ending, say: Say): Promise<void> => {
  if (!stack) return;
  const start = performance.now();
  say('\nEnding, in order. Ctrl-C again ends at once.');
  ending.onAgain = () => void stack.kill();
  await stack.stop();
  say(`Ended after ${seconds(performance.now() - start)}. The data is kept; ./dev up goes on with it.`);
};
