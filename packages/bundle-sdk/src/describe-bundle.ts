import { z } from 'zod';
import type { BundleManifest } from '@switchyard/protocol';
import type { AnyBundleDefinition } from './bundle-definition.ts';

/** The definition as data: what proc, the console and OpenAPI know of a bundle. Proc checks it again, with its own schema. */
export function describeBundle(definition: AnyBundleDefinition): BundleManifest {
  return {
    v: 1,
    id: definition.id,
    name: definition.name,
    ...(definition.description === undefined ? {} : { description: definition.description }),
    ...(definition.note === undefined ? {} : { note: definition.note }),
    starters: [...(definition.starters ?? [])],
    hasTurns: definition.executeCore !== undefined,
    operations: mapValues(definition.operations ?? {}, describeOperation),
    schedules: mapValues(definition.schedules ?? {}, ({ definition: { cron, timezone, retry } }) => ({
      cron,
      ...(timezone === undefined ? {} : { timezone }),
      ...(retry === undefined ? {} : { retry }),
    })),
    ...(definition.props === undefined ? {} : { props: toSchema(definition.props, 'input') }),
    secrets: [...(definition.secrets ?? [])],
    capabilities: [...(definition.capabilities ?? [])],
    ...(definition.recovery === undefined ? {} : { recovery: definition.recovery }),
    limits: { ...definition.limits },
  };
}

function describeOperation({
  definition,
}: NonNullable<AnyBundleDefinition['operations']>[string]): BundleManifest['operations'][string] {
  const { input, output, method, route, allow, roles, timeoutMs, description } = definition;
  return {
    method: method ?? 'POST',
    route: route ?? 'operations',
    roles: [...(roles ?? [])],
    ...(allow === undefined ? {} : { allow }),
    ...(input === undefined ? {} : { input: toSchema(input, 'input') }),
    ...(output === undefined ? {} : { output: toSchema(output, 'output') }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(description === undefined ? {} : { description }),
  };
}

/** What JSON Schema cannot say (a transform, a date) becomes "anything": the host still checks with the real schema. */
function toSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }) };
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
