import type { Request, Response } from 'express';
import type { Admission } from '@switchyard/admission';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { countedAs } from '../operations/counted-as.ts';
import { requireUse } from '../operations/may-use.ts';
import { callIdentity } from '../operations/user-of.ts';
import { answerMcp } from './answer-mcp.ts';
import { toFailedResult, toToolResult } from './tool-result.ts';
import { visibleTools } from './visible-tools.ts';
import type { VisibleTool } from './visible-tools.ts';

export interface McpParts {
  readonly guards: Guards;
  readonly invoker: BundleInvoker;
  readonly admission: Pick<Admission, 'admitted'>;
  /** Milliseconds of a tool that names no limit of its own. */
  readonly timeoutMs: number;
}

const endpointParams = z.object({ tenant: idSchema, project: idSchema, bundle: idSchema, alias: z.string() });
/** One message of JSON-RPC. Several in one request would be several calls for the price of one. */
const messageSchema = z.looseObject({ jsonrpc: z.literal('2.0'), method: z.string().optional() });

/** The tools of bundles over MCP (03 §6): streamable HTTP, stateless, with the credentials of the platform. */
export function createMcpRoutes(parts: McpParts): Route[] {
  const { guards, admission } = parts;
  return [
    defineRoute({
      method: 'post',
      path: '/api/integrations/bundles/:tenant/:project/:bundle/mcp/:alias',
      summary: 'The MCP endpoint of a bundle: streamable HTTP',
      tag: 'mcp',
      guard: 'session',
      params: endpointParams,
      body: messageSchema,
      async handle({ params, body, req, res }) {
        guards.scope(params);
        const { hold, caller } = await enter(parts, params, req, res);
        try {
          const serve = (): Promise<void> => answer(parts, { hold, caller, body, req, res });
          // Looking costs nothing of the bundle's; calls count like those over REST.
          if (body.method !== 'tools/call') return await serve();
          await admission.admitted(countedAs(caller, req.ip), req.ip, serve);
        } finally {
          hold.release();
        }
      },
    }),
  ];
}

/** Who is not known meets the credentials first, so that nobody can ask for names; a public endpoint asks for none. */
async function enter(
  { guards, invoker }: McpParts,
  { bundle, alias }: { bundle: string; alias: string },
  req: Request,
  res: Response,
): Promise<{ hold: BundleHold; caller: Caller }> {
  const held = await invoker.hold(bundle).then(
    (hold) => ({ hold }),
    (error: unknown) => ({ error }),
  );
  try {
    const mcp =
      'hold' in held && held.hold.manifest.mcp?.alias === alias ? held.hold.manifest.mcp : undefined;
    const caller = mcp?.route === 'public' ? await guards.anybody(req, res) : await guards.session(req, res);
    if ('error' in held) throw PlatformError.of('NOT_FOUND', undefined, { cause: held.error });
    if (mcp === undefined) throw PlatformError.of('NOT_FOUND');
    requireUse(mcp, caller);
    return { hold: held.hold, caller };
  } catch (error) {
    if ('hold' in held) held.hold.release();
    throw error;
  }
}

interface Entered {
  readonly hold: BundleHold;
  readonly caller: Caller;
  readonly body: unknown;
  readonly req: Request;
  readonly res: Response;
}

async function answer(parts: McpParts, { hold, caller, body, req, res }: Entered): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort(PlatformError.of('CANCELLED'));
  res.once('close', onClose);
  try {
    const { manifest, version } = hold;
    const headers = new Headers();
    for (const name of ['accept', 'content-type', 'mcp-protocol-version', 'mcp-session-id'])
      headers.set(name, req.get(name) ?? '');
    if (req.get('mcp-protocol-version') === undefined) headers.delete('mcp-protocol-version');
    if (req.get('mcp-session-id') === undefined) headers.delete('mcp-session-id');
    const response = await answerMcp({
      name: version.bundleId,
      title: manifest.name,
      version: version.versionId,
      tools: visibleTools(manifest, caller),
      call: (tool, input) => callTool(parts, { hold, caller, signal: gone.signal }, tool, input),
      // Only looked at for its form: which address it is was decided by the route.
      url: 'http://mcp.invalid/',
      headers,
      body,
      signal: gone.signal,
    });
    const text = await response.text();
    res.status(response.status);
    if (text === '') return void res.end();
    res.type('application/json').send(text);
  } finally {
    res.off('close', onClose);
  }
}

async function callTool(
  { invoker, timeoutMs }: McpParts,
  { hold, caller, signal }: { hold: BundleHold; caller: Caller; signal: AbortSignal },
  tool: VisibleTool,
  input: unknown,
): Promise<CallToolResult> {
  const identity = callIdentity(caller);
  try {
    const value = await invoker.run(hold, {
      kind: 'tool',
      name: tool.name,
      payload: { input, user: identity.user },
      ...identity,
      timeoutMs: hold.manifest.mcp?.tools[tool.name]?.timeoutMs ?? timeoutMs,
      signal,
    });
    return await toToolResult(value, tool.outputSchema !== undefined);
  } catch (error) {
    return toFailedResult(error);
  }
}
