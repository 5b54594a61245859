import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { BundleHost } from './bundle-host.ts';
import { installGuard } from './guard.ts';
import { HostWire } from './host-wire.ts';
import type { FromHost, HostBoot, ToHost } from './messages.ts';

/** The host wire: the only descriptor on which the permission model allows a socket and nobody else writes. */
const WIRE_FD = 0;

// Taken before the guard removes things and before a bundle can replace them.
const { exit, memoryUsage, argv, env } = process;
// No exit handlers run: a bundle's may hang. (Not in the typings, because it is meant for `process.exit` alone.)
const { reallyExit } = process as unknown as { reallyExit(code: number): never };
const now = performance.now.bind(performance);
const boot = JSON.parse(argv[2] ?? '{}') as HostBoot;

/** As BSD's EX_TEMPFAIL: not this program's fault. */
const ABANDONED = 75;
const endNow = () => reallyExit.call(process, ABANDONED);
const socket = new Socket({ fd: WIRE_FD, readable: true, writable: true });
const wire: HostWire<ToHost, FromHost> = new HostWire({
  ...boot,
  socket,
  flushes: 'at-once-then-at-end-of-turn',
  firstId: 1,
  // Proc is trusted by its hosts, not the other way round.
  read: (message) => message as ToHost,
  onMessage: (message) => host.receive(message),
  onBroken: endNow,
});
// Proc is gone: nothing that runs here can be heard, and nobody else will end this process. No exit handlers: a bundle's may hang.
socket.on('close', endNow).on('error', endNow).on('end', endNow);
// Node's own would open the same descriptor again and throw. Empty, as a closed terminal is.
Object.defineProperty(process, 'stdin', { value: Readable.from([]), configurable: true, enumerable: true });
// What the shell and bubblewrap left there.
for (const name of Object.keys(env)) Reflect.deleteProperty(env, name);

const host = new BundleHost({
  boot,
  pipe: wire.pipe,
  channel: wire.channel,
  monotonic: now,
  rssBytes: () => memoryUsage.rss(),
  exit(how, code = 0) {
    if (how === 'now') return endNow();
    wire.channel.flush();
    for (const event of ['close', 'end', 'error']) socket.removeAllListeners(event);
    socket.on('error', () => undefined).end(() => exit.call(process, code));
  },
});

// The lines that a bundle wrote just before `process.exit` are the ones that tell why.
process.on('exit', () => wire.channel.flush());
installGuard(boot);
host.start();
