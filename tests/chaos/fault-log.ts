/** What was done to the servers, with the time since the run began. */
export interface FaultLog {
  note(line: string): void;
  readonly lines: readonly { readonly at: number; readonly line: string }[];
  text(): string;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(2).padStart(7);

/** `onLine` hears every line as it is written. */
export const createFaultLog = (now: () => number, onLine: (line: string) => void): FaultLog => {
  const lines: { at: number; line: string }[] = [];
  const began = now();
  const show = ({ at, line }: { at: number; line: string }): string => `${seconds(at - began)} ${line}`;
  return {
    lines,
    note: (line) => {
      const noted = { at: now(), line };
      lines.push(noted);
      onLine(show(noted));
    },
    text: () => lines.map(show).join('\n'),
  };
};
