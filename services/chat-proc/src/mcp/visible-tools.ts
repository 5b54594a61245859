import type { Caller } from '@switchyard/identity';
import type { BundleManifest } from '@switchyard/protocol';
import { PUBLIC_USER } from '../caller-of.ts';
import { mayUse } from '../operations/may-use.ts';

type Schema = Record<string, unknown>;

/** A tool as an MCP client reads it. */
export interface VisibleTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Schema & { type: 'object' };
  /** Only where the output is an object: MCP has no other structured results. */
  readonly outputSchema?: Schema & { type: 'object' };
}

/**
 * What of an MCP endpoint this caller may use: none when the endpoint is not the caller's. An operation that is offered as a tool keeps
 * its own rule, so that an endpoint never opens what the REST address keeps shut.
 */
export function visibleTools(
  { mcp, operations }: Pick<BundleManifest, 'mcp' | 'operations'>,
  caller: Caller,
): VisibleTool[] {
  if (mcp === undefined || !mayUse(mcp, caller)) return [];
  return Object.entries(mcp.tools)
    .filter(([name]) => {
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (operation?.tool !== true) return true;
      return mayUse(operation, caller) && (operation.route === 'public' || caller !== PUBLIC_USER);
    })
    .map(([name, { description, input, output }]) => ({
      name,
      ...(description === undefined ? {} : { description }),
      inputSchema: { ...input, type: 'object' },
      ...(output?.['type'] === 'object' ? { outputSchema: { ...output, type: 'object' } } : {}),
    }));
}
