import { z } from 'zod';
import { errorBodySchema } from './error-body.ts';

/** One row of a service's route table: what `openapi.json` needs to know. Paths in express form, `/conversations/:cid`. */
export interface RouteDescription {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  summary: string;
  tag: string;
  guard: 'none' | 'session' | 'user' | 'owner' | 'admin';
  body?: z.ZodType;
  query?: z.ZodType;
  answer?: z.ZodType;
  /** Media type of the answer when it is not JSON. */
  produces?: string;
}

type Json = Record<string, unknown>;

const schemaOf = (type: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(type, { io, unrepresentable: 'any' }) as Json;
  return schema;
};

function parametersOf(route: RouteDescription): Json[] {
  const path = [...route.path.matchAll(/[:*](\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  if (route.query === undefined) return path;
  const query = schemaOf(route.query, 'input') as { properties?: Record<string, Json>; required?: string[] };
  return [
    ...path,
    ...Object.entries(query.properties ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      required: query.required?.includes(name) ?? false,
      schema,
    })),
  ];
}

function operationOf(route: RouteDescription): Json {
  const parameters = parametersOf(route);
  const content =
    route.produces !== undefined
      ? { [route.produces]: { schema: { type: 'string' } } }
      : {
          'application/json': { schema: route.answer === undefined ? {} : schemaOf(route.answer, 'output') },
        };
  return {
    summary: route.summary,
    tags: [route.tag],
    ...(route.guard === 'none' ? { security: [] } : { 'x-guard': route.guard }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: schemaOf(route.body, 'input') } },
          },
        }),
    responses: {
      '200': { description: 'Success', content },
      default: {
        description: 'Error',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  };
}

/** OpenAPI 3.1 of a service, from the same table that mounts its routes. */
export function buildOpenApi(options: {
  title: string;
  version: string;
  routes: readonly RouteDescription[];
}): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of options.routes) {
    // In express form braces hold what may be left out: `/widgets/:alias{/*path}`.
    const path = route.path.replace(/[{}]/g, '').replace(/[:*](\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method] = operationOf(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: options.version },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: { Error: schemaOf(errorBodySchema, 'output') },
    },
  };
}
