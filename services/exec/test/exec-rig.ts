import { spawnSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { Deadline, loadConfig } from '@switchyard/kernel';
import type { RunEvent, RunRequest } from '@switchyard/protocol';
import { silentLog } from '@switchyard/telemetry';
import { start } from '../src/compose.ts';
import { settings } from '../src/env.ts';

export const TOKEN = 'a-token-of-this-test-that-is-long-enough';

const canStart = (): boolean =>
  spawnSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], { stdio: 'ignore' }).status === 0;

/** Those of this machine; an engine is tried where one is named: EXEC_TEST_ENGINE=docker, with EXEC_IMAGE. */
export const BACKENDS: readonly ('bwrap' | 'container')[] = [
  ...(canStart() ? (['bwrap'] as const) : []),
  ...(process.env['EXEC_TEST_ENGINE'] === undefined ? [] : (['container'] as const)),
];

/** Settings of a service on a free port. */
export function execEnv(backend: string, env: Readonly<Record<string, string>> = {}) {
  return {
    PORT: '0',
    EXEC_TOKEN: TOKEN,
    EXEC_BACKEND: backend,
    EXEC_ENGINE: process.env['EXEC_TEST_ENGINE'] ?? '',
    EXEC_IMAGE: process.env['EXEC_IMAGE'],
    ...env,
  };
}

export interface Ran {
  status: number;
  events: RunEvent[];
  stdout: string;
  stderr: string;
  end: Extract<RunEvent, { type: 'end' }> | undefined;
  files: Record<string, string>;
  body: Record<string, unknown>;
}

export interface ExecRig {
  readonly origin: string;
  run(
    request: Partial<RunRequest>,
    options?: { signal?: AbortSignal; onEvent?: (event: RunEvent) => void; token?: string },
  ): Promise<Ran>;
  stop(): Promise<void>;
}

/** The service in this process. */
export async function startExec(
  backend: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ExecRig> {
  const service = await start(loadConfig(settings, execEnv(backend, env), 'exec'), silentLog);
  const origin = `http://127.0.0.1:${service.port}`;
  return { origin, run: runnerAt(origin), stop: () => service.stop(Deadline.in(10_000)) };
}

/** Asks a service for a run and reads it to its end. Rejects when it is broken off. */
export function runnerAt(origin: string): ExecRig['run'] {
  return async (request, { signal, onEvent, token = TOKEN } = {}) => {
    const response = await fetch(`${origin}/runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(request),
      ...(signal === undefined ? {} : { signal }),
    });
    const ran: Ran = {
      status: response.status,
      events: [],
      stdout: '',
      stderr: '',
      end: undefined,
      files: {},
      body: {},
    };
    if (!response.ok) return { ...ran, body: (await response.json()) as Record<string, unknown> };
    let text = '';
    for await (const chunk of (response.body ?? new ReadableStream<Uint8Array>()).pipeThrough(
      new TextDecoderStream(),
    )) {
      const lines = `${text}${chunk}`.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines.filter(Boolean)) take(ran, JSON.parse(line) as RunEvent, onEvent);
    }
    return ran;
  };
}

function take(ran: Ran, event: RunEvent, onEvent?: (event: RunEvent) => void): void {
  ran.events.push(event);
  if (event.type === 'output') ran[event.stream] += event.text;
  if (event.type === 'file') ran.files[event.path] = Buffer.from(event.content, 'base64').toString();
  if (event.type === 'end') ran.end = event;
  onEvent?.(event);
}

/** Processes of this machine whose command line has a word in it, but for this one. */
export async function processesWith(word: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  const lines = await Promise.all(
    pids.map(async (pid) =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' '),
    ),
  );
  return lines.filter((line) => line.includes(word));
}
