import { Socket } from 'node:net';
import { BundleHost } from './bundle-host.ts';
import { BytePipe } from './byte-pipe.ts';
import { installGuard } from './guard.ts';
import { JsonChannel } from './json-channel.ts';
import type { FromHost, HostBoot, ToHost } from './messages.ts';

/** The runner's ends of the channel and of the byte pipe are the child's fds 3 and 4. */
const CHANNEL_FD = 3;
const PIPE_FD = 4;

// Taken before the guard removes things and before a bundle can replace them.
const { exit, memoryUsage, argv } = process;
// No exit handlers run: a bundle's may hang. (Not in the typings, because it is meant for `process.exit` alone.)
const { reallyExit } = process as unknown as { reallyExit(code: number): never };
const now = performance.now.bind(performance);
const boot = JSON.parse(argv[2] ?? '{}') as HostBoot;

/** As BSD's EX_TEMPFAIL: not this program's fault. */
const ABANDONED = 75;
const endNow = () => reallyExit.call(process, ABANDONED);
const socket = new Socket({ fd: CHANNEL_FD, readable: true, writable: true });
const channel: JsonChannel<ToHost, FromHost> = new JsonChannel({
  socket,
  maxMessageBytes: boot.maxMessageBytes,
  // Proc is trusted by its hosts, not the other way round.
  read: (message) => message as ToHost,
  onMessage: (message) => host.receive(message),
  onBroken: endNow,
});
// Proc is gone: nothing that runs here can be heard, and nobody else will end this process. No exit handlers: a bundle's may hang.
socket.on('close', endNow).on('error', endNow).on('end', endNow);

const pipeSocket = new Socket({ fd: PIPE_FD, readable: true, writable: true });
pipeSocket.on('error', endNow).on('end', endNow);
const pipe = new BytePipe({ ...boot, socket: pipeSocket, firstId: 1, onBroken: endNow });

const host = new BundleHost({
  boot,
  pipe,
  channel: () => channel,
  monotonic: now,
  rssBytes: () => memoryUsage.rss(),
  exit(how, code = 0) {
    if (how === 'now') return endNow();
    channel.flush();
    for (const event of ['close', 'end', 'error']) {
      socket.removeAllListeners(event);
      pipeSocket.removeAllListeners(event);
    }
    pipeSocket.on('error', () => undefined).end();
    socket.on('error', () => undefined).end(() => exit.call(process, code));
  },
});

// The lines that a bundle wrote just before `process.exit` are the ones that tell why.
process.on('exit', () => channel.flush());
installGuard(boot);
host.start();
