import { createAdminLink } from '../admin-access.ts';
import type { DataFolder } from '../data-folder.ts';
import { identify } from '../process-identity.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import { claimRunFile, removeRunFile, writeRunFile } from '../run-file.ts';
import type { RunState } from '../run-file.ts';
import { siteUrl } from '../service-catalog.ts';
import { startStack } from '../stack.ts';
import type { Stack, StackOptions } from '../stack.ts';
import { buildBundles } from '../bundle-builds.ts';
import { buildWebUi } from '../web-ui-build.ts';
import { UsageError } from './arguments.ts';
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

/** Keeps run.json as the truth about this launcher. */
const createStateKeeper = (args: Arguments, data: DataFolder, launcher: ProcessIdentity) => {
  const starting: RunState = {
    v: 1,
    launcher,
    isUp: false,
    url: `${args.isTls ? 'https' : 'http'}://localhost:${args.ports['web-proxy']}`,
    startedAt: new Date().toISOString(),
    tenant: '',
    project: '',
    ports: args.ports,
    redisUrl: '',
    databaseUrl: '',
    processes: [],
  };
  return {
    claim: () => claimRunFile(data.runFile, starting),
    save: (stack: Stack) => {
      const { tenant, project, redisUrl, databaseUrl } = stack.settings;
      const processes = stack.processes();
      return writeRunFile(data.runFile, {
        ...starting,
        isUp: true,
        tenant,
        project,
        redisUrl,
        databaseUrl,
        processes,
      });
    },
    release: () => removeRunFile(data.runFile),
  };
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

const greet = (say: Say, { url, settings }: Stack, link: string, total: string): void => {
  say(`\n${paints.bold('Switchyard is up')} ${paints.dim(`after ${total}`)}`);
  say(`  open        ${paints.bold(url)}`);
  say(`  as admin    ${link}  ${paints.dim('(works once)')}`);
  say(`  sites       ${siteUrl('<site>', settings)}`);
  const trusting = settings.certificate === undefined ? '' : ` --cacert ${settings.certificate.cert}`;
  if (trusting !== '') say(`  trust       ${settings.certificate?.cert ?? ''}`);
  say(`  a message   curl${trusting} -N -X POST ${url}/api/chat/messages -H 'Accept: text/event-stream' \\`);
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
    isTls: args.isTls,
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
  const launcher = identify(process.pid);
  if (!launcher) throw new Error('this process cannot be identified');
  const state = createStateKeeper(args, data, launcher);
  if (!(await state.claim()))
    throw new UsageError('another ./dev up is starting on this data; ./dev status says how far it is');
  const ending = listenForEnd();
  const files = createLogFiles(data.logs);
  const steps = createSteps(say);
  let areLogsShown = false;
  let stack: Stack | undefined;
  const note = (line: string): void => {
    // In the background what is said goes to that file anyway.
    if (!args.isSupervising) files.write('launcher', line);
    say(paints.yellow(line));
  };
  try {
    await buildWebUi(args.root, steps.step('page'));
    await buildBundles(args.root, steps.step('bundles'));
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
          if (stack) void state.save(stack);
        },
      },
    });
    await state.save(stack);
    greet(say, stack, await createAdminLink(stack.settings, stack.url), steps.total());
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
    await state.release();
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
