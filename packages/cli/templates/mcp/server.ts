import type { BridgedServer } from './tool-operations.ts';

/** Stands for what `switchyard bundle new --from-mcp` writes in its place. */
export const server: BridgedServer = {
  url: 'https://mcp.example.com/mcp',
  hasAuthorization: false,
  tools: {},
};
