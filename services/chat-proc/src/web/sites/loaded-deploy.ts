import type { SitePlan, SitePlanRedirect } from '@switchyard/protocol';
import { createSitePattern } from '@switchyard/web-store';
import type { SiteFile, SiteManifest, SitePattern } from '@switchyard/web-store';
import { mayBeSet } from './header-policy.ts';

/** A deploy as it is served: its files, and its plan with every pattern made. Never changed after it was loaded. */
export interface LoadedDeploy {
  readonly deployId: string;
  readonly files: ReadonlyMap<string, SiteFile>;
  readonly plan: Pick<SitePlan, 'index' | 'extensions' | 'notFound' | 'fallback'>;
  readonly redirects: readonly CompiledRedirect[];
  readonly immutable: ReadonlySet<string>;
  /** What the rules of the site set for a path. */
  headersFor(path: string): SetHeaders;
}

export interface CompiledRedirect extends Omit<SitePlanRedirect, 'from'> {
  readonly from: SitePattern;
}

/** Names in small letters. */
export type SetHeaders = readonly (readonly [name: string, value: string])[];

/** An entry is a page at most: bounded by what can be asked for, and forgotten as a whole. */
const KEPT_PATHS = 5000;

export function loadDeploy(deployId: string, manifest: SiteManifest, plan: SitePlan): LoadedDeploy {
  const hidden = new Set(plan.hidden);
  const rules = plan.headers.map(({ pattern, set, unset }) => ({
    pattern: createSitePattern(pattern),
    set: set.map(([name, value]) => [name.toLowerCase(), value] as const).filter(([name]) => mayBeSet(name)),
    unset: new Set(unset.map((name) => name.toLowerCase())),
  }));
  const kept = new Map<string, SetHeaders>();
  return {
    deployId,
    files: new Map(Object.entries(manifest).filter(([path]) => !hidden.has(path))),
    plan,
    redirects: plan.redirects.map((rule) => ({ ...rule, from: createSitePattern(rule.from) })),
    immutable: new Set(plan.immutable),
    headersFor(path) {
      if (rules.length === 0) return [];
      const known = kept.get(path);
      if (known !== undefined) return known;
      const made = applyRules(rules, path);
      if (kept.size >= KEPT_PATHS) kept.clear();
      kept.set(path, made);
      return made;
    },
  };
}

/** Of a site that has no files yet: only its routes answer. */
export const NO_DEPLOY: LoadedDeploy = loadDeploy(
  '',
  {},
  {
    v: 1,
    index: null,
    extensions: [],
    notFound: null,
    fallback: null,
    headers: [],
    redirects: [],
    immutable: [],
    hidden: [],
    problems: [],
  },
);

interface HeaderRule {
  readonly pattern: SitePattern;
  readonly set: SetHeaders;
  readonly unset: ReadonlySet<string>;
}

/** Rules in order: values of one name are joined, and a later rule can take a name away again. */
function applyRules(rules: readonly HeaderRule[], path: string): SetHeaders {
  const headers = new Map<string, string>();
  for (const { pattern, set, unset } of rules) {
    const match = pattern.match(path);
    if (match === undefined) continue;
    for (const name of unset) headers.delete(name);
    for (const [name, text] of set) {
      const value = fill(text, match);
      const former = headers.get(name);
      headers.set(name, former === undefined ? value : `${former}, ${value}`);
    }
  }
  return [...headers];
}

/** Placeholders in a value. What comes from a path is as encoded as it came, so it can end no line. */
export function fill(text: string, match: Readonly<Record<string, string>>): string {
  return text.replace(/:([A-Za-z][A-Za-z0-9_]*)/gu, (whole, name: string) =>
    Object.hasOwn(match, name) ? (match[name] ?? '') : whole,
  );
}
