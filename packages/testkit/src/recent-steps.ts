const KEPT = 12;
const LONGEST = 300;

const steps: string[] = [];

/** Notes what a test did or waited for, so that a test that hangs or fails elsewhere can say where. The last ones are kept. */
export const noteStep = (text: string): void => {
  steps.push(`${new Date().toISOString().slice(11, 23)} ${text.slice(0, LONGEST)}`);
  if (steps.length > KEPT) steps.shift();
};

/** The last steps, oldest first; they are forgotten. */
export const takeSteps = (): string[] => steps.splice(0);
