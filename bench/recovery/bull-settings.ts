/** BullMQ's defaults, or a lock of one second that is looked after every second. */
export const bullSettings = (isTuned: boolean) =>
  isTuned ? { lockDuration: 1000, stalledInterval: 1000 } : {};

export const stalledIntervalMs = (isTuned: boolean): number => (isTuned ? 1000 : 30_000);
