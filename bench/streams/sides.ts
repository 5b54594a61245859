import path from 'node:path';
import { startProgram } from '../src/probed-process.ts';
import type { ProbedProcess } from '../src/probed-process.ts';
import { openServices } from '../src/service-processes.ts';
import type { Servers } from '../src/servers.ts';
import { openSse } from '../src/sse-reader.ts';
import { openSocket } from './open-socket.ts';
import type { OnMessage, TokenMessage } from './token-message.ts';

/** One side of a stream figure: a serving process, readers that connect to it, and a process that emits. */
export interface StreamSide {
  readonly name: string;
  /** The process whose costs count. */
  readonly serving: ProbedProcess;
  /** Opens reader `index`; resolves when it is served, with the stream that reaches it and how to close it. */
  open(index: number, onMessage: OnMessage, query?: string): Promise<{ stream: string; close(): void }>;
  /** Absent for a figure in which nothing is said. */
  readonly emitting: ProbedProcess | undefined;
  stop(): Promise<void>;
}

export interface SideOptions {
  readonly readers: number;
  /** All readers follow one stream; else each its own. */
  readonly isShared: boolean;
  /** Nothing will be said; memory is what counts. */
  readonly isIdle?: boolean;
}

const program = (name: string) => path.join(import.meta.dirname, `${name}.ts`);
const roomOf = (index: number, { isShared }: SideOptions) => `room-${isShared ? 0 : index}`;

async function start(serving: string, emitting: string, env: Record<string, string>, isIdle = false) {
  return {
    serving: await startProgram({ file: program(serving), env, hasGc: isIdle }),
    emitting: isIdle ? undefined : await startProgram({ file: program(emitting), env }),
  };
}

const stopAll = async (...all: (ProbedProcess | undefined)[]) => {
  for (const each of all) await each?.stop();
};

const portOf = ({ hello }: ProbedProcess) => (hello as { port: number }).port;

/** chat-ingress as it is shipped, with token check, rate limit, session and event log; only the number of streams of one session is raised. */
export async function startOurSide(
  servers: Servers,
  project: string,
  options: SideOptions,
): Promise<StreamSide> {
  const services = await openServices(servers, { project });
  const tokens = await services.issueTokens(options.isShared ? 1 : options.readers);
  const env = { MAX_STREAMS_PER_SESSION: '100000' };
  const serving = await services.start('chat-ingress', { env, hasGc: options.isIdle === true });
  const shared = { REDIS_URL: servers.redisUrl, DATABASE_URL: servers.databaseUrl, PROJECT: project };
  const emitting =
    options.isIdle === true
      ? undefined
      : await startProgram({
          file: program('emit-ours'),
          env: { ...shared, SLOTS: String(options.readers + 10) },
        });
  return {
    name: 'switchyard',
    serving,
    emitting,
    open: (index, onMessage, query = '') =>
      openReady(
        `${serving.url}/sse/stream?stream_id=s${index}${query}`,
        { authorization: `Bearer ${tokens[options.isShared ? 0 : index] ?? ''}` },
        onMessage,
        ({ session_id }) => session_id ?? '',
      ),
    async stop() {
      await stopAll(emitting, serving);
      await services.close();
    },
  };
}

export async function startSocketio(
  servers: Servers,
  adapter: 'streams' | 'pubsub' | 'none',
  options: SideOptions,
): Promise<StreamSide> {
  const env = { REDIS_URL: servers.redisUrl, ADAPTER: adapter };
  const { serving, emitting } = await start('serve-socketio', 'emit-socketio', env, options.isIdle);
  return {
    name: adapter === 'none' ? 'socket.io' : `socket.io ${adapter}`,
    serving,
    emitting,
    async open(index, onMessage) {
      const room = roomOf(index, options);
      return { stream: room, close: await openSocket(portOf(serving), room, onMessage) };
    },
    stop: () => stopAll(emitting, serving),
  };
}

export async function startSsePeer(
  servers: Servers,
  kind: 'better-sse' | 'node-http',
  options: SideOptions,
): Promise<StreamSide> {
  const env = { REDIS_URL: servers.redisUrl };
  const { serving, emitting } = await start(`serve-${kind}`, 'emit-publish', env, options.isIdle);
  return {
    name: kind,
    serving,
    emitting,
    open: (index, onMessage) =>
      openReady(`http://127.0.0.1:${portOf(serving)}/`, {}, onMessage, () => roomOf(index, options)),
    stop: () => stopAll(emitting, serving),
  };
}

function openReady(
  url: string,
  headers: Record<string, string>,
  onMessage: OnMessage,
  streamOf: (ready: TokenMessage) => string,
): Promise<{ stream: string; close(): void }> {
  return new Promise((resolve, reject) => {
    let close: () => void = () => undefined;
    const opening = openSse(url, headers, ({ event, data }) => {
      const body = JSON.parse(data) as TokenMessage;
      if (event === 'ready') resolve({ stream: streamOf(body), close: () => close() });
      else onMessage(event, body);
    });
    opening.then((end) => void (close = end), reject);
  });
}
