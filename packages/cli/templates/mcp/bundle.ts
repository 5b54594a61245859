import { defineBundle, httpHosts } from '@switchyard/bundle-sdk';
import { server } from './server.ts';
import { toolOperations } from './tool-operations.ts';

/** The tools of an MCP server, as operations. What they are stands in `server.ts`; who may call them can be said here. */
export default defineBundle({
  id: 'my-bundle',
  name: 'My bundle',
  description: `Tools of ${new URL(server.url).host}.`,
  secrets: server.hasAuthorization ? ['authorization'] : [],
  capabilities: [httpHosts(new URL(server.url).hostname)],
  operations: toolOperations(server),
});
