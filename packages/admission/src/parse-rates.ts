/** So many calls in one fixed window, which begins with the first of them. */
export interface Rate {
  readonly calls: number;
  readonly windowSec: number;
}

const UNIT_SEC: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };
const RATE = /^(\d{1,9})\/(\d{1,5})?([smhd])$/;

/** What `parseRates` reads: `10/1m,120/1h`. */
export function spellRates(rates: readonly Rate[]): string {
  return rates.map(({ calls, windowSec }) => `${calls}/${spellWindow(windowSec)}`).join(',');
}

function spellWindow(windowSec: number): string {
  const [unit, seconds] = Object.entries(UNIT_SEC).findLast(([, size]) => windowSec % size === 0) ?? ['s', 1];
  return `${windowSec / seconds}${unit}`;
}

/** `"10/1m,120/1h"` or `"10/m"`; shortest window first. Undefined when it is anything else, or a rate of nothing. */
export function parseRates(text: string): readonly Rate[] | undefined {
  const rates: Rate[] = [];
  for (const part of text.split(',')) {
    const match = RATE.exec(part.trim());
    const unit = UNIT_SEC[match?.[3] ?? ''];
    const rate = { calls: Number(match?.[1]), windowSec: Number(match?.[2] ?? 1) * (unit ?? Number.NaN) };
    if (!(rate.calls > 0) || !(rate.windowSec > 0)) return undefined;
    rates.push(rate);
  }
  return rates.toSorted((a, b) => a.windowSec - b.windowSec);
}
