import { median } from './result.ts';

/** A side of a comparison: one round gives named figures. */
export interface Contestant {
  readonly name: string;
  round(index: number): Promise<Record<string, number>>;
}

export interface Compared {
  /** Median over the rounds, by contestant and figure. */
  readonly medians: Record<string, Record<string, number>>;
  /** ours / peer for one figure: median and worst of the ratios taken within each round. */
  ratio(peer: string, figure: string, better: 'smaller' | 'larger'): { median: number; worst: number };
  readonly rounds: Record<string, Record<string, number>[]>;
}

/**
 * A B C, B C A, C A B, ...: whatever the machine does meanwhile, it does to all sides, and none is always the first or always behind the same
 * other one. The first contestant is ours. One round each warms up.
 */
export async function runRounds(contestants: readonly Contestant[], count: number): Promise<Compared> {
  const rounds: Record<string, Record<string, number>[]> = {};
  for (const contestant of contestants) await contestant.round(-1);
  for (let index = 0; index < count; index++) {
    const first = index % contestants.length;
    for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
      const figures = await contestant.round(index);
      (rounds[contestant.name] ??= []).push(figures);
      const shown = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(3)}`);
      console.log(`round ${index}  ${contestant.name.padEnd(32)} ${shown.join('  ')}`);
    }
  }
  const ours = contestants[0]?.name ?? '';
  const values = (name: string, figure: string) =>
    (rounds[name] ?? []).map((figures) => figures[figure] ?? Number.NaN);
  const mediansOf = (name: string) => {
    const figures = Object.keys(rounds[name]?.[0] ?? {});
    return Object.fromEntries(figures.map((figure) => [figure, median(values(name, figure))]));
  };
  return {
    rounds,
    medians: Object.fromEntries(contestants.map(({ name }) => [name, mediansOf(name)])),
    ratio(peer, figure, better) {
      const peers = values(peer, figure);
      const ratios = values(ours, figure).map((value, index) => value / (peers[index] ?? Number.NaN));
      return {
        median: median(ratios),
        worst: better === 'smaller' ? Math.max(...ratios) : Math.min(...ratios),
      };
    },
  };
}
