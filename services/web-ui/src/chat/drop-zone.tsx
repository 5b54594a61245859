import { Paperclip } from 'lucide-react';
import { useRef, useState } from 'react';
import type { DragEvent, ReactNode } from 'react';
import { useAttachments } from './use-attachments.ts';
import { texts } from '../texts.ts';

/** Files dropped anywhere on the page are attached, where the server takes files. */
export function DropZone({ add, children }: { add(files: readonly File[]): void; children: ReactNode }) {
  const { isEnabled } = useAttachments();
  const [isOver, setOver] = useState(false);
  // Entering a child fires before leaving its parent: the depth says when the drag has really left.
  const depth = useRef(0);

  function handle(event: DragEvent, change: number): void {
    if (!isEnabled || !event.dataTransfer.types.includes('Files')) return;
    event.preventDefault();
    depth.current = Math.max(0, depth.current + change);
    setOver(depth.current > 0);
  }

  return (
    <div
      className="flex min-h-0 min-w-0"
      onDragEnter={(event) => handle(event, 1)}
      onDragOver={(event) => handle(event, 0)}
      onDragLeave={(event) => handle(event, -1)}
      onDrop={(event) => {
        handle(event, -depth.current);
        if (isEnabled && event.dataTransfer.files.length > 0) add([...event.dataTransfer.files]);
      }}
    >
      {children}
      {isOver && (
        <div className="pointer-events-none fixed inset-3 z-40 grid place-items-center rounded-lg border-2 border-dashed border-accent bg-paper/85">
          <p className="flex items-center gap-2.5 text-lg font-medium">
            <Paperclip size={20} className="text-accent" aria-hidden="true" /> {texts.composer.drop}
          </p>
        </div>
      )}
    </div>
  );
}
