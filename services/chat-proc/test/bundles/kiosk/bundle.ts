// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation, tool } from '@switchyard/bundle-sdk';

/** An MCP endpoint for anybody, and operations that are not. */
export default defineBundle({
  id: 'kiosk',
  name: 'Kiosk',
  mcp: {
    alias: 'open',
    route: 'public',
    tools: {
      hours: tool({ description: 'When the shop is open.', run: (ctx) => `for ${ctx.user.user_id}` }),
    },
  },
  operations: {
    ledger: operation({ tool: true, run: () => 'the ledger' }),
    menu: operation({ tool: true, route: 'public', run: () => ['tea'] }),
  },
});
