import type { WireError } from './messages.ts';

const MAX_TEXT = 8 * 1024;

/** Anything thrown, as data: bounded, and safe against getters that throw. */
export function toWireError(thrown: unknown): WireError {
  try {
    if (!(thrown instanceof Error)) return { name: 'Error', message: clip(String(thrown)) };
    // Of an author's error nothing is sure, whatever the typings say.
    const { name, message, code, issues } = thrown as { [Key in keyof WireError]?: unknown };
    return {
      name: clip(String(name)),
      message: clip(String(message)),
      ...(typeof thrown.stack === 'string' ? { stack: clip(withCauses(thrown)) } : {}),
      ...(typeof code === 'string' ? { code: clip(code) } : {}),
      ...(code === 'invalid_input' && Array.isArray(issues) ? { issues } : {}),
    };
  } catch {
    return { name: 'Error', message: 'an error that cannot be read' };
  }
}

function withCauses(error: Error): string {
  const lines: string[] = [];
  let at: unknown = error;
  for (let depth = 0; depth < 4 && at instanceof Error; depth += 1, at = at.cause)
    lines.push(String(at.stack));
  return lines.join('\ncaused by ');
}

function clip(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}
