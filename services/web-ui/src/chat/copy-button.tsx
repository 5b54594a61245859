import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { texts } from '../texts.ts';

const SHOWN_MS = 1_600;

export function CopyButton({ text, label = texts.turn.copy }: { text: string; label?: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const Icon = isCopied ? Check : Copy;
  return (
    <button
      type="button"
      className="tool-button"
      onClick={() => void copyText(text).then((isDone) => setCopied(isDone))}
    >
      <Icon size={14} aria-hidden="true" />
      <span aria-live="polite">{isCopied ? texts.turn.copied : label}</span>
    </button>
  );
}

/** The clipboard needs a secure context; on plain http a selected, hidden field still can. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement('textarea');
    field.value = text;
    field.setAttribute('aria-hidden', 'true');
    field.className = 'fixed opacity-0';
    document.body.append(field);
    field.select();
    // oxlint-disable-next-line typescript/no-deprecated -- there is no other way without a secure context
    const isDone = document.execCommand('copy');
    field.remove();
    return isDone;
  }
}
