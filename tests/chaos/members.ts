export const SCOPE = { tenant: 'demo', project: 'main' } as const;
export const INGRESSES = ['ingress-1', 'ingress-2'] as const;
export const PROCS = ['proc-1', 'proc-2', 'proc-3'] as const;
export const MEMBERS = [...INGRESSES, ...PROCS] as const;
export type MemberName = (typeof MEMBERS)[number];
/** One ingress and one proc live by a clock of their own. */
export const DRIFTERS = ['ingress-2', 'proc-3'] as const;
