import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listTools } from '../templates/mcp/mcp-server.ts';
import type { McpTool } from '../templates/mcp/mcp-server.ts';
import type { BridgedServer } from '../templates/mcp/tool-operations.ts';
import { Refused, UsageError } from './exit-codes.ts';

/** Longest that the server may take for its list. */
const TIMEOUT_MS = 30_000;
const MAX_TOOLS = 256;
/** Where a bridge keeps what it knows of its server. */
export const SERVER_FILE = 'server.ts';

export interface BridgeOptions {
  /** `https://host/mcp`, or http. */
  readonly url: string;
  /** As the header `authorization` says it: `Bearer ...`. It is sent, and kept nowhere. */
  readonly authorization: string | undefined;
  readonly signal: AbortSignal;
}

/** What an MCP server over streamable HTTP offers. Rejects UsageError for an address that is none, Refused with what the server did. */
export async function readMcpServer({ url, authorization, signal }: BridgeOptions): Promise<BridgedServer> {
  const parsed = URL.parse(url);
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol))
    throw new UsageError(`${url} is no address of an MCP server: http(s)://host/path.`);
  if (parsed.username !== '' || parsed.password !== '')
    throw new UsageError('A password has no place in the address: say it with --authorization.');
  const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const tools = await listTools({ url, fetch, authorization, signal: until }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    throw new Refused(`${url}: ${error instanceof Error ? error.message : String(error)}${cause}`);
  });
  if (tools.length === 0) throw new Refused(`${url} offers no tools.`);
  if (tools.length > MAX_TOOLS)
    throw new Refused(`${url} offers ${tools.length} tools; a bundle has at most ${MAX_TOOLS} of them.`);
  return { url, hasAuthorization: authorization !== undefined, tools: nameOperations(tools) };
}

/** Writes what is known of the server into the bundle's folder, in the place of what was there. */
export async function writeServerFile(folder: string, server: BridgedServer): Promise<void> {
  await writeFile(path.join(folder, SERVER_FILE), serverFile(server));
}

export function serverFile(server: BridgedServer): string {
  return [
    "import type { BridgedServer } from './tool-operations.ts';",
    '',
    '/** Written by `switchyard bundle new --from-mcp`; with `--refresh` it is written anew. */',
    `export const server: BridgedServer = ${JSON.stringify(server, undefined, 2)};`,
    '',
  ].join('\n');
}

/** Operations stand in addresses: what has no place there becomes `_`. Of two that would be the same the second gets a number. */
function nameOperations(tools: readonly McpTool[]): Record<string, McpTool> {
  const named = new Map<string, McpTool>();
  for (const tool of tools) {
    const plain = tool.name.replaceAll(/[^\w-]+/gu, '_').replace(/^_*(?=\w)/u, '');
    let name = plain;
    for (let count = 2; named.has(name); count += 1) name = `${plain}_${count}`;
    named.set(name, tool);
  }
  return Object.fromEntries(named);
}
