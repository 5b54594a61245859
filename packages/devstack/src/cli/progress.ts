const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

const paint =
  (code: number) =>
  (text: string): string =>
    isColoured ? `\u001B[${code}m${text}\u001B[0m` : text;

export const paints = { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };

const NAME_WIDTH = 14;

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export type Say = (line: string) => void;

/** `name  result  (time)` when a step is done; nothing before, so that lines never interleave with logs half-way. */
export const createSteps = (say: Say) => {
  const begun = performance.now();
  return {
    step: (name: string) => {
      const start = performance.now();
      return (result: string): void =>
        say(
          `  ${paints.green('✓')} ${name.padEnd(NAME_WIDTH)}${result} ${paints.dim(seconds(performance.now() - start))}`,
        );
    },
    total: (): string => seconds(performance.now() - begun),
  };
};
