import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { VisibleTool } from './visible-tools.ts';

export interface McpExchange {
  /** Who answers: the bundle and its version. */
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly tools: readonly VisibleTool[];
  call(tool: VisibleTool, input: unknown): Promise<CallToolResult>;
  readonly url: string;
  /** Of the request, lower case. */
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/**
 * One exchange of streamable HTTP without sessions: every request brings all that it needs, so any worker answers any of them.
 * Rejects with the signal's reason when the caller leaves.
 */
export async function answerMcp(exchange: McpExchange): Promise<Response> {
  const { name, title, version, tools, headers, signal } = exchange;
  const mcp = new McpServer({ name, title, version }, { capabilities: { tools: {} } });
  // Its own registration wants zod schemas; a manifest has JSON Schema.
  const { server } = mcp;
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...tools] }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const tool = tools.find((one) => one.name === params.name);
    // Not there and not for this caller: the same words.
    if (tool === undefined) throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}`);
    return exchange.call(tool, params.arguments ?? {});
  });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  const left = Promise.withResolvers<never>();
  const onLeave = (): void => left.reject(signal.reason as Error);
  signal.addEventListener('abort', onLeave, { once: true });
  try {
    await mcp.connect(transport);
    const request = new Request(exchange.url, { method: 'POST', headers });
    return await Promise.race([
      transport.handleRequest(request, { parsedBody: exchange.body }),
      left.promise,
    ]);
  } finally {
    signal.removeEventListener('abort', onLeave);
    await mcp.close();
  }
}
