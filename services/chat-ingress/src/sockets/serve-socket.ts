import type { Socket } from 'socket.io';
import type { Caller } from '@switchyard/identity';
import { PlatformError, toErrorBody } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { formatTimestamp, idSchema } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import type { FollowedFrame, Follower, FrameSink, Relay, Taken } from '@switchyard/relay';
import { toRedisError } from '@switchyard/redis';
import type { AnswerConversationStatus } from '../answer-conversation-status.ts';
import type { Expiring, ExpiryWatch } from '../streams/expiry-watch.ts';
import { isSignOut } from '../streams/serve-stream.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import { takeApart } from './take-apart.ts';
import type { RawFile } from '../submit/match-files.ts';
import type { SubmitFromSocket } from './submit-from-socket.ts';

export interface SocketParts {
  relay: Pick<Relay, 'follow'>;
  streams: OpenStreams;
  expiry: ExpiryWatch;
  submit: SubmitFromSocket;
  answerStatus: AnswerConversationStatus;
  scope: TenantProject;
  clock: Clock;
  streamBuffer: number;
  drainLimitMs: number;
}

// What may wait in a socket's own queue before its events wait in the follower, where they can be merged.
const MAX_WAITING_PACKETS = 64;

/** One Socket.IO connection: the session's events out, messages in (03 §5). Its id plays the stream id. */
export function serveSocket(parts: SocketParts, socket: Socket, caller: Caller): void {
  const { clock, scope } = parts;
  let follower: Promise<Follower> | undefined;
  const leave = parts.streams.add({
    sessionId: caller.sessionId,
    shutDown: () => {
      socket.emit('server_shutdown', {});
      socket.disconnect(true);
    },
  });
  const expiring: Expiring = {
    expiresAt: caller.expiresAt,
    warn: ({ event, data }) => void socket.emit(event, JSON.parse(data)),
    end: () => void socket.disconnect(true),
  };
  parts.expiry.watch(expiring);
  const { sessionId, userType, userId, username } = caller;
  socket.emit('session_info', {
    session_id: sessionId,
    user_type: userType,
    user_id: userId,
    username: username ?? null,
    ...scope,
    connected_at: formatTimestamp(clock.now()),
  });

  const follow = (lastEventId: string | undefined): Promise<Follower> => {
    void follower?.then((former) => former.close()).catch(() => undefined);
    const opened = parts.relay.follow({
      sessionId,
      streamId: socket.id,
      mode: socket.handshake.auth['follow'] === 'session' ? 'session' : 'stream',
      maxBufferBytes: parts.streamBuffer,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    });
    follower = opened;
    // Without its events a socket is of no use: the client connects again.
    opened
      .then((own) => (socket.connected ? own.start(sinkOf(socket, own, parts.drainLimitMs)) : own.close()))
      .catch(() => socket.disconnect(true));
    return opened;
  };

  socket.on('disconnect', () => {
    parts.expiry.forget(expiring);
    leave();
    void follower?.then((own) => own.close()).catch(() => undefined);
  });
  answer(socket, 'chat_message', async (payload, files) => {
    // Its events must not come before somebody listens.
    await follower;
    return parts.submit(caller, payload, files, socket);
  });
  answer(socket, 'conv_status.get', (payload) =>
    parts.answerStatus(caller, readField(payload, 'conversation_id'), socket.id),
  );
  answer(socket, 'resume', async (payload) => {
    const { last_event_id: lastEventId } = (payload ?? {}) as { last_event_id?: unknown };
    const own = await follow(typeof lastEventId === 'string' ? lastEventId : '');
    return { resumed_from: own.resumedFrom ?? null };
  });
  answer(socket, 'ping', () => void socket.emit('pong', { timestamp: formatTimestamp(clock.now()) }));

  const { last_event_id: lastEventId } = socket.handshake.auth;
  follow(typeof lastEventId === 'string' && lastEventId !== '' ? lastEventId : undefined).catch(
    () => undefined,
  );
}

/** Writes events until the follower or the socket ends; a socket that takes nothing for too long is let go. */
function sinkOf(socket: Socket, follower: Follower, drainLimitMs: number): FrameSink {
  const waitForRoom = async (): Promise<void> => {
    if (await drained(socket, drainLimitMs)) follower.resume();
    else socket.disconnect(true);
  };
  return {
    take({ id, event, data, ...frame }: FollowedFrame): Taken {
      if (event === undefined || data === undefined) return 'more';
      const body: unknown = JSON.parse(data);
      if (id === undefined) socket.emit(event, body);
      else socket.emit(event, body, id);
      if (event === 'lagged' || isSignOut({ event, data, ...frame })) {
        socket.disconnect(true);
        return 'end';
      }
      if (waitingPackets(socket) <= MAX_WAITING_PACKETS) return 'more';
      void waitForRoom();
      return 'wait';
    },
    ended(error) {
      // Without its events a socket is of no use: the client connects again.
      if (error !== undefined) socket.disconnect(true);
    },
  };
}

/** The transport's own queue; public in fact and in its documentation of `drain`, private in its types alone. */
function waitingPackets(socket: Socket): number {
  return (socket.conn as unknown as { writeBuffer: readonly unknown[] }).writeBuffer.length;
}

function drained(socket: Socket, limitMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (isDrained: boolean) => {
      clearTimeout(limit);
      socket.conn.off('drain', onDrain);
      socket.off('disconnect', onEnd);
      resolve(isDrained);
    };
    const onDrain = () => done(true);
    const onEnd = () => done(false);
    const limit = setTimeout(onEnd, limitMs);
    socket.conn.once('drain', onDrain);
    socket.once('disconnect', onEnd);
  });
}

/** Handles one kind of event: what it returns goes to the ack, what it throws too, in the shape of an HTTP error. */
function answer(
  socket: Socket,
  event: string,
  handle: (payload: unknown, files: readonly RawFile[]) => unknown,
): void {
  socket.on(event, (...parts: unknown[]) => {
    const { payload, files, reply } = takeApart(parts);
    const run = async () => {
      const result = await handle(payload, files());
      reply?.(result);
    };
    run().catch((error: unknown) => {
      const { status, body } = toErrorBody(toRedisError(error));
      if (reply !== undefined) reply({ status: 'error', code: status, ...body });
      else socket.emit('chat_error', { type: 'chat.error', data: body.detail });
    });
  });
}

function readField(payload: unknown, field: string): string {
  const parsed = idSchema.safeParse((payload as Record<string, unknown> | null | undefined)?.[field]);
  if (!parsed.success)
    throw PlatformError.of('INVALID_REQUEST', `${field}: not a valid id`, { details: { field } });
  return parsed.data;
}
