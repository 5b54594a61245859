import type { Socket } from 'socket.io';
import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import type { Ack } from '@switchyard/protocol';
import type { RawFile } from '../submit/match-files.ts';
import { normaliseSubmission } from '../submit/normalise-submission.ts';
import type { TextLimits } from '../submit/normalise-submission.ts';
import type { SubmitContext, SubmitMessage } from '../submit/submit-message.ts';
import type { OpenStreams } from '../streams/open-streams.ts';

export interface SubmitFromSocketParts {
  admitted: <T>(caller: Caller, address: string | undefined, run: () => Promise<T>) => Promise<T>;
  /** Whether the proxy in front names the client's address. */
  trustForwarded: boolean;
  submit: SubmitMessage;
  announceRefusal: (caller: Caller, context: SubmitContext, error: unknown) => Promise<void>;
  limits: TextLimits & { maxMessageBytes: number };
  streams: Pick<OpenStreams, 'isDraining'>;
  ids: Pick<Ids, 'request'>;
  clock: Clock;
}

export type SubmitFromSocket = (
  caller: Caller,
  payload: unknown,
  files: readonly RawFile[],
  socket: Pick<Socket, 'id' | 'handshake'>,
) => Promise<Ack>;

/** The walk of a message that came over a socket: the same steps as over HTTP, identity was proved at the handshake. */
export function createSubmitFromSocket(parts: SubmitFromSocketParts): SubmitFromSocket {
  const { admitted, submit, announceRefusal, limits } = parts;
  return async (caller, payload, files, socket) => {
    if (parts.streams.isDraining) throw PlatformError.of('DRAINING');
    const timezone: unknown = socket.handshake.headers['x-user-timezone'];
    const startedAt = parts.clock.monotonic();
    const context: SubmitContext = {
      requestId: parts.ids.request(),
      elapsedMs: () => parts.clock.monotonic() - startedAt,
      streamId: socket.id,
      ...(typeof timezone === 'string' ? { timezone: timezone.slice(0, 64) } : {}),
    };
    try {
      const address = addressOf(socket.handshake, parts.trustForwarded);
      return await admitted(caller, address, async () => {
        const size = files.reduce((sum, file) => sum + file.bytes.length, 0);
        if (size > limits.maxMessageBytes)
          throw PlatformError.of('TOO_LARGE', 'The message is too large.', {
            details: { limit_bytes: limits.maxMessageBytes },
          });
        return (await submit(caller, normaliseSubmission(payload, limits), files, context)).ack;
      });
    } catch (error) {
      await announceRefusal(caller, context, error);
      throw error;
    }
  };
}

function addressOf({ headers, address }: Socket['handshake'], trustForwarded: boolean): string {
  const forwarded = trustForwarded ? headers['x-forwarded-for'] : undefined;
  const first = (Array.isArray(forwarded) ? forwarded[0] : forwarded)?.split(',')[0]?.trim();
  return first === undefined || first === '' ? address : first;
}
