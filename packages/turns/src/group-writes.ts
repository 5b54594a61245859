/**
 * Groups writes without a timer: while one statement is under way the next inputs gather, then go as one (02). Two inputs with the
 * same key never share a statement: the second must see what the first one wrote. A failed group is run one by one, so that an input
 * that cannot be written fails alone. `run` answers in the order of its inputs.
 */
export function createGroupWrites<Input, Output>(options: {
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>;
  keyOf: (input: Input) => string;
  maxSize: number;
  /** What a group waits for before it is made; meanwhile more gather. Never rejects. */
  before?: () => Promise<unknown> | undefined;
}): (input: Input) => Promise<Output> {
  interface Waiter {
    readonly input: Input;
    resolve(output: Output): void;
    reject(error: unknown): void;
  }
  let waiting: Waiter[] = [];
  let isRunning = false;

  const nextGroup = (): Waiter[] => {
    const keys = new Set<string>();
    const group: Waiter[] = [];
    const rest: Waiter[] = [];
    for (const waiter of waiting) {
      const key = options.keyOf(waiter.input);
      if (group.length < options.maxSize && !keys.has(key)) {
        keys.add(key);
        group.push(waiter);
      } else rest.push(waiter);
    }
    waiting = rest;
    // One order for everybody, so that two processes never wait for each other's rows crosswise.
    return group.toSorted((a, b) => (options.keyOf(a.input) < options.keyOf(b.input) ? -1 : 1));
  };

  const runGroup = async (group: readonly Waiter[]): Promise<void> => {
    try {
      const outputs = await options.run(group.map((waiter) => waiter.input));
      group.forEach((waiter, index) => waiter.resolve(outputs[index] as Output));
    } catch (error) {
      if (group.length === 1) group[0]?.reject(error);
      else for (const waiter of group) await runGroup([waiter]);
    }
  };

  const drain = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      const held = options.before?.();
      if (held !== undefined) await held;
      await runGroup(nextGroup());
    }
    isRunning = false;
  };

  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject });
      if (!isRunning) void drain();
    });
}
