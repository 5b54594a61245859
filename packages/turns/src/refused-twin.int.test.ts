import { expect } from 'vitest';
import { turnsTest } from '../test/stage.ts';

turnsTest(
  'an attempt that is refused takes no row from its twin that is still on its way',
  async ({ stage }) => {
    await stage.openEpoch();
    await stage.beat();
    const inserted = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const slow = stage.createTurns(
      {},
      {
        ...stage.sql,
        query: async (statement) => {
          const rows = await stage.sql.query(statement);
          if (statement.name?.includes('insert') === true) {
            inserted.resolve();
            await gate.promise;
          }
          return rows as never;
        },
      },
    );
    const first = slow.accept(stage.request({ messageId: 'm1' }));
    await inserted.promise;
    const full = stage.createTurns({ thresholdRegistered: 0 });
    await expect(full.accept(stage.request({ messageId: 'm1' }))).rejects.toMatchObject({
      code: 'ENQUEUE_REJECTED',
    });
    gate.resolve();
    const { ack } = await first;
    expect(ack.status).toBe('processing_started');
    expect(await stage.status(ack.turn_id)).toBe('queued');
  },
);
