/** Which program the tests' Redis servers run: `SWITCHYARD_REDIS_SERVER=/usr/bin/valkey-server` repeats them with Valkey. */
export const redisProgram = (): { path: string; program?: string } => {
  const program = process.env['SWITCHYARD_REDIS_SERVER'] ?? '';
  return { path: process.env['PATH'] ?? '', ...(program === '' ? {} : { program }) };
};
