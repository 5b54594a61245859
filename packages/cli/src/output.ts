import type { World } from './world.ts';

export interface Paints {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
}

/** Where a command says things: results on stdout, everything else on stderr, so that a pipe gets results only. */
export interface Output {
  readonly isJson: boolean;
  readonly paints: Paints;
  /** One result: a JSON line with `--json`, else the text. */
  result(value: unknown, text: string | (() => string)): void;
  /** A remark to the person at the keyboard. */
  note(text: string): void;
  /** Bytes of a result as they are. */
  write(chunk: string | Uint8Array): void;
}

/** Colours only for a terminal, and never with NO_COLOR (any value but an empty one). */
export function createPaints(stream: { readonly isTTY?: boolean }, env: World['env']): Paints {
  const isColoured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  const paint =
    (code: number) =>
    (text: string): string =>
      isColoured ? `\u001B[${code}m${text}\u001B[0m` : text;
  return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33) };
}

export function createOutput({ stdout, stderr, env }: World, isJson: boolean): Output {
  return {
    isJson,
    paints: createPaints(stdout, env),
    result(value, text) {
      const line = isJson ? JSON.stringify(value) : typeof text === 'function' ? text() : text;
      if (line !== '') stdout.write(`${line}\n`);
    },
    note: (text) => void stderr.write(`${text}\n`),
    write: (chunk) => void stdout.write(chunk),
  };
}

/** Columns that are as wide as their widest cell; the last one is not filled up. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
