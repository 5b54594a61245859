import type { Caller } from '@switchyard/identity';
import type { BundleManifest, TenantProject } from '@switchyard/protocol';
import { mayUse } from './may-use.ts';

type Json = Record<string, unknown>;
type Manifest = Pick<BundleManifest, 'id' | 'name' | 'description' | 'operations'>;
type OperationManifest = BundleManifest['operations'][string];

/**
 * OpenAPI 3.1 of one bundle: the operations that this caller may use, with their schemas as the bundle's host gave them. An address
 * of its own for each bundle, because bundles come and go while the service's own `/openapi.json` stays.
 */
export function describeOperations(
  { id, name, description, operations }: Manifest,
  version: string,
  { tenant, project }: TenantProject,
  caller: Pick<Caller, 'userType' | 'roles'>,
): Json {
  const visible = Object.entries(operations).filter(([, operation]) => mayUse(operation, caller));
  const paths = visible.map(([operationId, operation]) => [
    `/api/integrations/bundles/${tenant}/${project}/${id}/${operation.route}/${encodeURIComponent(operationId)}`,
    { [operation.method.toLowerCase()]: describe(operationId, operation) },
  ]);
  return {
    openapi: '3.1.0',
    info: { title: name, version, ...(description === undefined ? {} : { description }) },
    security: [{ bearer: [] }],
    paths: Object.fromEntries(paths) as Json,
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
  };
}

function describe(name: string, operation: OperationManifest): Json {
  const { method, route, description, input = {}, output = {} } = operation;
  return {
    operationId: name,
    ...(description === undefined ? {} : { description }),
    ...(route === 'public' ? { security: [] } : {}),
    ...(method === 'GET' ? { parameters: parametersOf(input) } : { requestBody: requestBodyOf(input) }),
    responses: {
      '200': {
        description: 'The result, under the name of the operation; or what it answered by itself',
        content: { 'application/json': { schema: answerOf(name, output) } },
      },
      default: { description: 'Error' },
    },
  };
}

/** The input of a GET is its query. */
function parametersOf(input: Json): Json[] {
  const required: unknown = input['required'];
  const names = Array.isArray(required) ? required : [];
  return Object.entries((input['properties'] ?? {}) as Record<string, Json>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: names.includes(name),
    schema,
  }));
}

function requestBodyOf(input: Json): Json {
  const properties = { data: input, conversation_id: { type: 'string' } };
  return { content: { 'application/json': { schema: { type: 'object', properties } } } };
}

function answerOf(name: string, output: Json): Json {
  const properties = {
    status: { const: 'ok' },
    tenant: { type: 'string' },
    project: { type: 'string' },
    bundle_id: { type: 'string' },
    conversation_id: { type: ['string', 'null'] },
    [name]: output,
  };
  return { type: 'object', properties, required: ['status', name] };
}
