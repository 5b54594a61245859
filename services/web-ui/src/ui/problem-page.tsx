import type { ReactNode } from 'react';

/** A page that has nothing to show but why, and what to do. */
export function ProblemPage({
  title,
  hint,
  children,
}: {
  title: string;
  hint: string;
  children?: ReactNode;
}) {
  return (
    <main className="grid place-items-center px-6 pb-[12vh]">
      <div className="max-w-sm text-center" role="status">
        <h1 className="text-xl font-semibold tracking-tight text-balance">{title}</h1>
        <p className="mt-2 text-ink-2 text-pretty">{hint}</p>
        {children !== undefined && <div className="mt-5 flex justify-center gap-2">{children}</div>}
      </div>
    </main>
  );
}
