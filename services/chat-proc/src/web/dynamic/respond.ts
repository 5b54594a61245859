import type { CapabilityCaller } from '@switchyard/capabilities';
import type { CapabilityArgs, CapabilityResult, WireResponse } from '@switchyard/protocol';
import { checkAnswer } from './check-answer.ts';
import type { HeldRequests } from './held-requests.ts';
import type { LateAnswers } from './late-answers.ts';
import { letGo } from './send-answer.ts';

export interface RespondParts {
  readonly held: HeldRequests;
  readonly late: LateAnswers;
  /** Bytes of an answer that goes by way of the row. */
  readonly maxLateBytes: number;
}

export type Respond = (
  caller: Pick<CapabilityCaller, 'bundleId'>,
  ...args: CapabilityArgs<'web', 'respond'>
) => Promise<CapabilityResult<'web', 'respond'>>;

/** `web.respond` (05): what is wrong with an answer is told as a value, and the request stays open for a better one. */
export function createRespond({ held, late, maxLateBytes }: RespondParts): Respond {
  return async ({ bundleId }, requestId, { status, headers = [], body = null }) => {
    const checked = checkAnswer({ status, headers, body });
    if ('error' in checked) {
      await letGo(body);
      return { error: checked.error };
    }
    const told = held.answer(requestId, bundleId, checked.answer);
    if (told?.isFirst === true) {
      await told.delivered;
      return { request_id: requestId, status: told.status };
    }
    // Accepted is not answered: what comes after a 202 is fetched by its client, so it goes by way of the row.
    const isOver = told !== undefined && told.status !== 202;
    if (isOver) {
      await letGo(body);
      return { request_id: requestId, status: told.status };
    }
    if (told === undefined && held.find(requestId) !== undefined) {
      await letGo(body);
      return { error: 'There is no such request.' };
    }
    const bytes = await collect(checked.answer.body, maxLateBytes);
    if (bytes === undefined) return { error: `the body is larger than ${maxLateBytes} bytes` };
    const first = await late.answer(requestId, bundleId, {
      status,
      headers: checked.answer.headers,
      body: bytes.body,
    });
    if (first === undefined) return { error: 'There is no such request.' };
    // Its client may fetch and so remove the row before the same bundle answers once more.
    held.remember(requestId, bundleId, first.status);
    return { request_id: requestId, status: first.status };
  };
}

async function collect(
  body: WireResponse['body'],
  maxBytes: number,
): Promise<{ body: Uint8Array | null } | undefined> {
  if (body === null) return { body };
  if (body instanceof Uint8Array) return body.length > maxBytes ? undefined : { body };
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return { body: Buffer.concat(chunks) };
}
