import { z } from 'zod';
import type { BundleManifest } from '@switchyard/protocol';
import type { AnyBundleDefinition } from './any-definition.ts';
import { describePredictor } from './describe-predictor.ts';
import type { Access, Operation } from './operation.ts';

/** The definition as data: what proc, the console and OpenAPI know of a bundle. Proc checks it again, with its own schema. */
export function describeBundle(definition: AnyBundleDefinition): BundleManifest {
  const { operations = {}, schedules = {}, jobs = {}, widgets = {}, channels = {}, props } = definition;
  return {
    v: 1,
    id: definition.id,
    name: definition.name,
    ...pick(definition, ['description', 'note', 'recovery']),
    starters: [...(definition.starters ?? [])],
    hasTurns: definition.executeCore !== undefined,
    operations: mapValues(operations, describeOperation),
    schedules: mapValues(schedules, ({ definition: declared }) => ({
      cron: declared.cron,
      ...pick(declared, ['timezone', 'retry', 'timeoutMs']),
    })),
    jobs: mapValues(jobs, ({ definition: { data, ...declared } }) => ({
      ...(data === undefined ? {} : { data: toSchema(data, 'input') }),
      attempts: declared.attempts ?? 1,
      ...pick(declared, ['backoff', 'timeoutMs', 'onServe']),
    })),
    channels: describeChannels(channels),
    widgets: mapValues(widgets, (widget) => ({
      ...describeAccess(widget),
      title: widget.title,
      folder: widget.folder,
      build: widget.build ?? 'none',
      ...pick(widget, ['icon']),
    })),
    ...(definition.static === undefined
      ? {}
      : { static: { ...describeAccess(definition.static), folder: definition.static.folder } }),
    hasWeb: definition.web !== undefined,
    ...(definition.web === undefined ? {} : { web: describeRule(definition.web) }),
    ...describePredict(definition),
    ...describeMcp(definition),
    ...(props === undefined
      ? {}
      : { props: toSchema(props, 'input'), propDefaults: toJson(props.parse({})) }),
    secrets: [...(definition.secrets ?? [])],
    capabilities: describeGrants(definition),
    httpHosts: (definition.capabilities ?? []).flatMap((asked) =>
      typeof asked === 'string' || asked.name !== 'http' ? [] : [...asked.hosts],
    ),
    ...describeWebScope(definition),
    limits: { ...definition.limits },
  };
}

function describeWebScope({ capabilities = [] }: AnyBundleDefinition): Pick<BundleManifest, 'webScope'> {
  const asked = capabilities.find((one) => typeof one !== 'string' && one.name === 'web');
  return asked === undefined || typeof asked === 'string' || asked.name !== 'web'
    ? {}
    : { webScope: asked.scope };
}

function describePredict({ predict }: AnyBundleDefinition): Pick<BundleManifest, 'predict'> {
  return predict === undefined ? {} : { predict: describePredictor(predict.definition) };
}

/** Secrets and jobs are granted by being declared. */
function describeGrants({ capabilities = [], secrets = [], jobs = {} }: AnyBundleDefinition): string[] {
  const asked = capabilities.map((one) => (typeof one === 'string' ? one : one.name));
  const declared = [
    ...(secrets.length > 0 ? ['secrets'] : []),
    ...(Object.keys(jobs).length > 0 ? ['jobs'] : []),
  ];
  return [...new Set([...asked, ...declared])];
}

function describeOperation({ definition }: Operation<unknown>): BundleManifest['operations'][string] {
  return {
    ...describeAccess(definition),
    method: definition.method ?? 'POST',
    ...describeSchemas(definition),
    ...pick(definition, ['timeoutMs', 'description', 'tool']),
  };
}

function describeAccess({ route, allow, roles }: Access) {
  return {
    route: route ?? ('operations' as const),
    ...(allow === undefined ? {} : { allow }),
    roles: [...(roles ?? [])],
  };
}

function describeSchemas({ input, output }: { input?: z.ZodType; output?: z.ZodType }) {
  return {
    ...(input === undefined ? {} : { input: toSchema(input, 'input') }),
    ...(output === undefined ? {} : { output: toSchema(output, 'output') }),
  };
}

function describeChannels(channels: NonNullable<AnyBundleDefinition['channels']>) {
  return mapValues(channels, (channel) => (typeof channel === 'function' ? {} : describeRule(channel)));
}

function describeRule(rule: {
  readonly site?: string;
  readonly path?: string;
  readonly methods?: readonly string[];
}) {
  const { methods } = rule;
  return { ...pick(rule, ['site', 'path']), ...(methods === undefined ? {} : { methods: [...methods] }) };
}

function describeMcp({ mcp, operations = {} }: AnyBundleDefinition): Pick<BundleManifest, 'mcp'> {
  const offered = Object.entries(operations).filter(([, { definition }]) => definition.tool === true);
  if (mcp === undefined && offered.length === 0) return {};
  const all = { ...Object.fromEntries(offered), ...mcp?.tools };
  const tools = mapValues(all, ({ definition }) => ({
    ...describeSchemas(definition),
    ...pick(definition, ['description', 'timeoutMs']),
  }));
  return { mcp: { alias: mcp?.alias ?? 'tools', ...describeAccess(mcp ?? {}), tools } };
}

/** What JSON Schema cannot say (a transform, a date) becomes "anything": the host still checks with the real schema. */
function toSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  return { ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }) };
}

function toJson(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** Those of the keys that are there: absent and undefined are not the same in a manifest. */
function pick<T extends object, K extends keyof T>(
  from: T,
  keys: readonly K[],
): { [N in K]?: Exclude<T[N], undefined> } {
  const found = keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]]);
  return Object.fromEntries(found) as { [N in K]?: Exclude<T[N], undefined> };
}
