import { operation, z } from '@switchyard/bundle-sdk';
import { callTool } from './mcp-server.ts';
import type { McpAnswer, McpTool } from './mcp-server.ts';

export interface BridgedServer {
  readonly url: string;
  /** The server wants a header `authorization`: it is the secret of that name. */
  readonly hasAuthorization: boolean;
  /** By the name of the operation. */
  readonly tools: Readonly<Record<string, McpTool>>;
}

/** An operation for each tool, offered as a tool too: over REST, to the assistant, and over the MCP endpoint of this bundle. */
export function toolOperations({ url, hasAuthorization, tools }: BridgedServer) {
  const made = Object.entries(tools).map(
    ([name, tool]) => [name, toolOperation({ url, hasAuthorization }, tool)] as const,
  );
  return Object.fromEntries(made);
}

function toolOperation({ url, hasAuthorization }: Omit<BridgedServer, 'tools'>, tool: McpTool) {
  return operation({
    needs: ['http'],
    secrets: ['authorization'],
    tool: true,
    description: tool.description ?? `The tool ${tool.name}.`,
    input: schemaOf(tool),
    async run(ctx, input) {
      const authorization = hasAuthorization ? await ctx.secrets.get('authorization') : undefined;
      const { fetch } = ctx.http;
      return toOutput(await callTool({ url, fetch, authorization, signal: ctx.signal }, tool.name, input));
    },
  });
}

/** A schema that zod cannot read becomes "any object": the server checks what it is given. */
function schemaOf({ input }: McpTool): z.ZodType {
  try {
    return z.fromJSONSchema(input);
  } catch {
    return z.record(z.string(), z.unknown());
  }
}

/** What the tool says in a form for programs; else its text; else what it sent. A failure of the tool is told as 422, with its own words. */
function toOutput({ isError, structured, content }: McpAnswer): unknown {
  const isText = content.every(({ type }) => type === 'text');
  const text = content.map((part) => part.text ?? '').join('\n');
  if (isError)
    return Response.json({ error: 'The tool failed.', error_type: 'tool_failed', text }, { status: 422 });
  return structured ?? (isText ? { text } : { content });
}
