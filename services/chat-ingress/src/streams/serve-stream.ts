import type { Response } from 'express';
import type { Clock } from '@switchyard/kernel';
import { SseConnection } from '@switchyard/http';
import type { SseFrame } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { HEADER, formatTimestamp } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { SIGNED_OUT } from '@switchyard/relay';
import type { FollowedFrame, Follower } from '@switchyard/relay';
import { createDeliveryWatch } from './delivery-watch.ts';
import { watchExpiry } from './watch-expiry.ts';
import type { OpenStreams } from './open-streams.ts';

export interface StreamParts {
  streams: OpenStreams;
  scope: TenantProject;
  clock: Clock;
  drainLimitMs: number;
  /** From the log to the frame written, of the first and the last event of a turn. */
  onDelivered: (ms: number) => void;
}

export interface StreamRequest {
  caller: Caller;
  follower: Follower;
  streamId: string;
  /** Added to `ready`. */
  ready?: Record<string, unknown>;
  /** Since when it follows, epoch milliseconds; absent: since now. */
  followedSince?: number;
  /** Which frames go out, and which is the last. Without it: all, until the client goes. */
  decide?: (frame: FollowedFrame) => Promise<'skip' | 'send' | 'send_and_end'>;
}

// Written but not yet taken by the socket; what waits beyond it waits in the follower, where it can be merged.
const SOCKET_BUFFER_BYTES = 64 * 1024;

/**
 * Writes a follower's frames to a client until one of the two ends. However it ends, the follower is closed, the place is
 * given back, and no timer or listener stays.
 */
export async function serveStream(parts: StreamParts, res: Response, request: StreamRequest): Promise<void> {
  const { follower, caller } = request;
  let sse: SseConnection | undefined;
  const end = (last?: SseFrame) => {
    follower.close();
    sse?.close(last);
  };
  const closers: (() => void)[] = [() => end()];
  try {
    closers.push(
      parts.streams.add({
        sessionId: caller.sessionId,
        shutDown: () => end({ event: 'server_shutdown', data: '{}' }),
      }),
    );
    const headers = follower.resumedFrom === undefined ? {} : { [HEADER.resumedFrom]: follower.resumedFrom };
    const opened = (sse = new SseConnection(res, {
      headers,
      maxBufferBytes: SOCKET_BUFFER_BYTES,
      drainLimitMs: parts.drainLimitMs,
    }));
    opened.signal.addEventListener('abort', () => follower.close(), { once: true });
    if (opened.signal.aborted) return;
    closers.push(
      watchExpiry(
        caller.expiresAt,
        parts.clock,
        (frame) => void opened.send(frame),
        () => end(),
      ),
    );
    await opened.send(readyFrame(parts, request));
    const since = request.followedSince ?? parts.clock.now();
    await pump(opened, request, createDeliveryWatch(parts, since));
  } finally {
    for (const close of closers) close();
  }
}

async function pump(
  sse: SseConnection,
  { follower, decide }: StreamRequest,
  onWritten: (frame: FollowedFrame) => void,
): Promise<void> {
  for await (const frame of follower) {
    const action = frame.event === undefined || decide === undefined ? 'send' : await decide(frame);
    if (action === 'skip') continue;
    const { id, event, data } = frame;
    const isOpen = await sse.send({
      ...(id === undefined ? {} : { id }),
      ...(event === undefined ? {} : { event }),
      ...(data === undefined ? {} : { data }),
    });
    onWritten(frame);
    if (!isOpen || action === 'send_and_end' || isSignOut(frame)) return;
  }
}

function readyFrame(
  { scope, clock }: StreamParts,
  { caller, follower, streamId, ready }: StreamRequest,
): SseFrame {
  const body = {
    timestamp: formatTimestamp(clock.now()),
    session_id: caller.sessionId,
    user_type: caller.userType,
    stream_id: streamId,
    ...scope,
    ...ready,
  };
  // Only a stream that begins now takes its position from `ready`: one that goes on has its own, and must keep it until it
  // has seen what it missed, or `resync`.
  const isFresh = follower.resumedFrom === undefined && !follower.isResync;
  return { ...(isFresh ? { id: follower.position } : {}), event: 'ready', data: JSON.stringify(body) };
}

export function isSignOut(frame: Pick<FollowedFrame, 'event' | 'data'>): boolean {
  return frame.event === 'chat_service' && frame.data?.startsWith(`{"type":"${SIGNED_OUT}"`) === true;
}
