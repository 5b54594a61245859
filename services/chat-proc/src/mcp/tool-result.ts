import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { ERRORS, PlatformError } from '@switchyard/kernel';
import { operationResultSchema } from '@switchyard/protocol';
import type { WireResponse } from '@switchyard/protocol';
import { collectBody } from '../operations/collect-body.ts';

/** A tool's answer is read by a model: more than this is no answer. Also what proc holds of a streamed one. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** What a tool returned, as MCP says it: text for every client, and the object itself where the tool has an output schema. */
export async function toToolResult(value: unknown, hasSchema: boolean): Promise<CallToolResult> {
  const result = operationResultSchema.parse(value);
  if ('response' in result) return responseResult(result.response);
  const { output = null } = result;
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  const isObject = typeof output === 'object' && output !== null && !Array.isArray(output);
  return {
    content: [{ type: 'text', text }],
    ...(hasSchema && isObject ? { structuredContent: output as Record<string, unknown> } : {}),
  };
}

/** What a model can do something about is told to it (wrong input, a failure); everything else is the client's affair and thrown, nothing inside with its words. */
export function toFailedResult(error: unknown): CallToolResult {
  if (!(error instanceof PlatformError) || !error.expose)
    throw new McpError(ErrorCode.InternalError, ERRORS.INTERNAL.text);
  const { code } = error;
  const isTold = code === 'UNPROCESSABLE' || code === 'TIMEOUT' || code.startsWith('BUNDLE_');
  if (!isTold) throw error;
  const text = code === 'UNPROCESSABLE' ? error.message : ERRORS[code].text;
  return { content: [{ type: 'text', text }], isError: true };
}

async function responseResult({ status, headers, body }: WireResponse): Promise<CallToolResult> {
  const mime = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? 'text/plain';
  const bytes = await collectBody(body, MAX_ANSWER_BYTES);
  const isError = status >= 400;
  if (mime.startsWith('image/'))
    return { content: [{ type: 'image', data: bytes.toString('base64'), mimeType: mime }], isError };
  return { content: [{ type: 'text', text: bytes.toString('utf8') }], isError };
}
