/** The expression is no arithmetic; the text says what is wrong with it. */
export class CalculationError extends Error {
  override readonly name = 'CalculationError';
}

const MAX_LENGTH = 500;
const MAX_DEPTH = 50;

const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI, e: Math.E };
const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  cos: Math.cos,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log: Math.log10,
  log2: Math.log2,
  max: Math.max,
  min: Math.min,
  round: Math.round,
  sin: Math.sin,
  sqrt: Math.sqrt,
  tan: Math.tan,
};

type Operator = (left: number, right: number) => number;
const SUMS: Readonly<Record<string, Operator>> = { '+': (a, b) => a + b, '-': (a, b) => a - b };
const PRODUCTS: Readonly<Record<string, Operator>> = {
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  '%': (a, b) => a % b,
};

/**
 * The value of an arithmetic expression: `+ - * / % ^`, parentheses, the functions and constants above, angles in radians. Throws
 * CalculationError on anything else, and where the result is no finite number.
 */
export function calculate(expression: string): number {
  if (expression.length > MAX_LENGTH) throw new CalculationError(`longer than ${MAX_LENGTH} characters`);
  const reader = new Reader(tokensOf(expression));
  const value = reader.sum(0);
  reader.expectEnd();
  if (!Number.isFinite(value)) throw new CalculationError('the result is not a finite number');
  return value;
}

function tokensOf(expression: string): string[] {
  const tokens = expression.match(/\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+|[a-z]+\d*|\*\*|[-+*/%^(),]|\S/giu) ?? [];
  return tokens.map((token) => (token === '**' ? '^' : token.toLowerCase()));
}

/** Recursive descent: one method for each level of binding. */
class Reader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  sum(depth: number): number {
    if (depth > MAX_DEPTH) throw new CalculationError('nested too deeply');
    return this.#chain(SUMS, () => this.#chain(PRODUCTS, () => this.#signed(depth)));
  }

  expectEnd(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined) throw new CalculationError(`unexpected "${token}"`);
  }

  #chain(operators: Readonly<Record<string, Operator>>, next: () => number): number {
    let value = next();
    for (;;) {
      const token = this.#tokens[this.#at] ?? '';
      const operator = Object.hasOwn(operators, token) ? operators[token] : undefined;
      if (operator === undefined) return value;
      this.#at += 1;
      value = operator(value, next());
    }
  }

  /** A sign binds weaker than a power: -2^2 is -4. */
  #signed(depth: number): number {
    if (depth > MAX_DEPTH) throw new CalculationError('nested too deeply');
    if (this.#take('-')) return -this.#signed(depth + 1);
    if (this.#take('+')) return this.#signed(depth + 1);
    const base = this.#atom(depth);
    return this.#take('^') ? base ** this.#signed(depth + 1) : base;
  }

  #atom(depth: number): number {
    const token = this.#tokens[this.#at] ?? '';
    this.#at += 1;
    if (/^[\d.]/u.test(token) && token !== '.') return Number(token);
    if (token === '(') {
      const value = this.sum(depth + 1);
      this.#require(')');
      return value;
    }
    const call = Object.hasOwn(FUNCTIONS, token) ? FUNCTIONS[token] : undefined;
    if (call !== undefined) return call(...this.#list(depth));
    const constant = Object.hasOwn(CONSTANTS, token) ? CONSTANTS[token] : undefined;
    if (constant !== undefined) return constant;
    throw new CalculationError(token === '' ? 'the expression ends too early' : `unexpected "${token}"`);
  }

  #list(depth: number): number[] {
    this.#require('(');
    const values = [this.sum(depth + 1)];
    while (this.#take(',')) values.push(this.sum(depth + 1));
    this.#require(')');
    return values;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #require(token: string): void {
    if (!this.#take(token)) throw new CalculationError(`"${token}" is missing`);
  }
}
