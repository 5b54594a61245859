import { bytes, decimal, duration, integer, loadConfig, secret, text } from '@switchyard/kernel';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { z } from 'zod';
import { BACKEND_CHOICES } from './backends/backend.ts';

/** Every setting of exec; names are these in UPPER_SNAKE_CASE. */
export const settings = z.object({
  host: text('127.0.0.1').describe('Address to listen on; only the inside may reach it'),
  port: integer(8050, 0, 65_535).describe('Port to listen on'),
  metricsPort: integer(0, 0, 65_535).describe('Port of /metrics for scrapers; 0: only from the same machine'),
  execToken: secret().describe('Token of chat-proc, at least 32 characters: who has it may run programs'),
  execBackend: z
    .enum(BACKEND_CHOICES)
    .default('auto')
    .describe(
      'What holds a program: a container of an engine, bubblewrap, or the first of them that starts; one that is named and does not start is no start',
    ),
  execEngine: text('').describe(
    'Command of the container engine, as `docker` or `podman`; empty: there is none',
  ),
  execEngineHost: text('').describe(
    'Where the engine answers, as `tcp://socket-proxy:2375`; empty: where its command looks by itself',
  ),
  execImage: text('switchyard/exec:local').describe(
    'Image of the containers, with sh, tar, python3, node and bash in it',
  ),
  execCpus: decimal(1, 0.01, 256).describe('Processors that a container may use'),
  execBwrapPath: text('bwrap').describe('Command of bubblewrap, 0.7 or newer'),
  execPython: text('/usr/bin/python3').describe('Python that programs run with in bubblewrap'),
  execShell: text('/bin/bash').describe('The bash that starts bubblewrap, and that programs run with in it'),
  execUid: integer(65_534, 1, 4_294_967_294).describe(
    'User that programs run as in bubblewrap where this service itself is root, and in containers',
  ),
  execSlots: integer(2, 1, 1000).describe('Programs that run at once'),
  execWaiting: integer(16, 0, 10_000).describe('Programs that wait for a slot; more are refused with 503'),
  execWait: duration('30s').describe('Longest that a program waits for a slot'),
  execTimeout: duration('2m').describe('Longest that a program may run, whatever it asks for'),
  execMemory: bytes('512MiB').describe('Memory of a program with all its processes, whatever it asks for'),
  execDisk: bytes('64MiB').describe(
    'Bytes that a program may write to its folder, to /tmp, to shared memory, and to one file',
  ),
  execProcesses: integer(64, 4, 10_000).describe('Processes and threads of a program'),
  execMaxOutput: bytes('1MiB').describe('Bytes that a program may print; over it is ended'),
  execMaxFiles: integer(50, 0, 1000).describe('Files of a program that come back'),
  execMaxFileBytes: bytes('10MiB').describe('Bytes of these files together'),
  execMaxRequest: bytes('32MiB').describe('Largest request, with its files in base64'),
  execDrain: duration('10s').describe('What running programs are given at a stop'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe lines that are written'),
});

export type ExecConfig = Readonly<z.output<typeof settings>>;

export const readConfig = (): ExecConfig => loadConfig(settings, process.env, 'exec');
