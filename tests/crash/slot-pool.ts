import type { ServiceSlot } from './service-slot.ts';

/** Hands places out, one to each user at a time. */
export const createSlotPool = (all: () => readonly ServiceSlot[]) => {
  let free: ServiceSlot[] | undefined;
  const waiting: ((slot: ServiceSlot) => void)[] = [];
  return {
    use: async (work: (slot: ServiceSlot) => Promise<void>): Promise<void> => {
      free ??= [...all()];
      const own = free.shift();
      const slot = own ?? (await new Promise<ServiceSlot>((resolve) => waiting.push(resolve)));
      try {
        await work(slot);
      } finally {
        const next = waiting.shift();
        if (next === undefined) free.push(slot);
        else next(slot);
      }
    },
  };
};
