import { text } from 'node:stream/consumers';
import { defineCapability } from '@switchyard/capabilities';
import type { Capability } from '@switchyard/capabilities';
import { CAPABILITY_LIMITS } from '@switchyard/protocol';
import type { PlanDesk } from './plan-desk.ts';

/** `web.serve`: what the gateway may see and say of a deploy that it was asked about. */
export function createServeCapability(desk: PlanDesk): Capability {
  return defineCapability('web.serve', {
    async files(_caller, planId, { limit, cursor = '' }) {
      const left = Object.entries(desk.files(planId))
        .filter(([path]) => path > cursor)
        .toSorted(([a], [b]) => (a < b ? -1 : 1));
      const items = left.slice(0, limit).map(([path, { size, type, sha256 }]) => ({
        path,
        size,
        content_type: type,
        sha256,
      }));
      const last = items.at(-1);
      return { items, ...(left.length > limit && last !== undefined ? { next_cursor: last.path } : {}) };
    },
    async read(_caller, planId, path) {
      const found = desk.open(planId, path);
      if (found === undefined || found.file.size > CAPABILITY_LIMITS.maxValueCharacters) return null;
      const blob = await found.stream();
      return blob === undefined ? null : text(blob.stream);
    },
    plan: async (_caller, planId, plan) => desk.take(planId, plan),
  });
}
