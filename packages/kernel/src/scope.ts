type Closer = () => unknown;

/**
 * Holds what was opened and closes it in reverse, all of it, also when opening failed half way. Composition roots use one:
 * `const redis = await scope.use(connect(), (r) => r.close())`.
 */
export class Scope {
  #closers: Closer[] = [];
  #closing: Promise<void> | undefined;

  /** Waits for the resource and remembers how to close it. If the scope closed meanwhile, the resource is closed at once. */
  async use<T>(resource: T | Promise<T>, close?: (resource: T) => unknown): Promise<T> {
    const opened = await resource;
    if (close !== undefined) {
      if (this.#closing !== undefined) {
        await close(opened);
        throw new Error('scope is closed');
      }
      this.#closers.push(() => close(opened));
    }
    return opened;
  }

  defer(close: Closer): void {
    this.#closers.push(close);
  }

  /** Runs every closer, last first, then throws one AggregateError with what failed. Calling it again waits for the first. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'closing failed');
  }
}

/** Opens with a fresh scope; if `open` throws, what it had opened is closed before the error goes on. */
export async function openScoped<T>(open: (scope: Scope) => Promise<T>): Promise<{ value: T; scope: Scope }> {
  const scope = new Scope();
  try {
    return { value: await open(scope), scope };
  } catch (error) {
    const [closing] = await Promise.allSettled([scope.close()]);
    if (closing.status === 'rejected') {
      const both = [error, closing.reason as unknown];
      throw new AggregateError(both, 'opening failed, and closing what was open failed too', {
        cause: error,
      });
    }
    throw error;
  }
}
