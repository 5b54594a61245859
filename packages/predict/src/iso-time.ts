/** ISO 8601 with microseconds and offset, as Cog's clients read it. `nowMs` may have a fraction. */
export function isoTime(nowMs: number): string {
  const whole = Math.floor(nowMs);
  const micros = Math.floor((nowMs - whole) * 1000);
  return new Date(whole).toISOString().replace('Z', `${String(micros).padStart(3, '0')}+00:00`);
}
