import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'scribe',
  name: 'Scribe',
  capabilities: ['operations'],
  async executeCore(turn) {
    // Those that say `tool: true`, of other bundles, and that this user may call.
    const offered = await turn.operations.list();
    const add = offered.find(({ bundle_id, name }) => bundle_id === 'workboard' && name === 'add');
    if (add === undefined) return { final_answer: 'There is no board for you here.' };
    await turn.operations.call(add.bundle_id, add.name, { title: turn.message });
    return { final_answer: `**${turn.message}** is on the board.` };
  },
});
