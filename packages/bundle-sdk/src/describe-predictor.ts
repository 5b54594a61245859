import type { BundleManifest } from '@switchyard/protocol';
import { z } from 'zod';
import type { AnyPredictor, OutputIterator } from './predictor-definition.ts';

type Schema = Record<string, unknown>;

/** Schemas of a predictor as OpenAPI's components: `Input`, `Output`, and an enumeration for each field with choices. */
export function describePredictor(definition: AnyPredictor): NonNullable<BundleManifest['predict']> {
  const input = toSchema(definition.input, 'input');
  const components: Record<string, Schema> = {};
  const properties = Object.entries((input['properties'] ?? {}) as Record<string, Schema>).map(
    ([name, given], order) => {
      const facts = { 'x-order': order, title: titleOf(name) };
      const { enum: choices, type, ...rest } = given;
      if (!Array.isArray(choices)) return [name, { ...given, ...facts }] as const;
      components[name] = {
        title: name,
        description: 'An enumeration.',
        enum: choices,
        type: type ?? typeof choices[0],
      };
      return [name, { allOf: [{ $ref: `#/components/schemas/${name}` }], ...rest, ...facts }] as const;
    },
  );
  const required = (input['required'] ?? []) as string[];
  return {
    schemas: {
      Input: {
        title: 'Input',
        type: 'object',
        properties: Object.fromEntries(properties),
        ...(required.length === 0 ? {} : { required }),
      },
      Output: { title: 'Output', ...outputSchema(definition.output) },
      ...components,
    },
    iterates: isIterator(definition.output),
    hasHealthcheck: definition.healthcheck !== undefined,
    attempts: definition.attempts ?? 1,
  };
}

export function isIterator(output: AnyPredictor['output']): output is OutputIterator<unknown> {
  return 'iterates' in output;
}

function outputSchema(output: AnyPredictor['output']): Schema {
  if (!isIterator(output)) return toSchema(output, 'output');
  return {
    type: 'array',
    items: toSchema(output.element, 'output'),
    'x-cog-array-type': 'iterator',
    ...(output.display === undefined ? {} : { 'x-cog-array-display': output.display }),
  };
}

function toSchema(schema: z.ZodType, io: 'input' | 'output'): Schema {
  const {
    $schema: _dialect,
    additionalProperties: _closed,
    ...rest
  } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
    reused: 'inline',
  }) as Schema;
  return rest;
}

function titleOf(name: string): string {
  return name
    .replaceAll(/[_-]+|(?<=[a-z])(?=[A-Z])/gu, ' ')
    .replaceAll(/\b\p{L}/gu, (letter) => letter.toUpperCase());
}
