import type { JsonObject } from '../prediction-view.ts';
import { PREDICTION_STATUSES } from '../prediction-view.ts';
import { WEBHOOK_EVENTS } from '../prediction-request.ts';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: object) => ({ content: { 'application/json': { schema } } });
const text = { type: 'string' };

/** The document of one predictor: its own `Input` and `Output`, and what every server of this API answers. */
export function predictionOpenApi(schemas: JsonObject, version: string): JsonObject {
  return documentOf({ ...schemas, ...COMMON }, '/predictions', version);
}

/** The document where requests name the predictor: nobody knows its input before. */
export function proceduresOpenApi(version: string): JsonObject {
  const keys = { procedure_source_url: { type: 'string', format: 'uri' }, replicate_api_token: text };
  const { properties } = COMMON.PredictionRequest;
  const PredictionRequest = {
    type: 'object',
    required: ['context'],
    properties: {
      ...properties,
      context: {
        ...properties.context,
        properties: keys,
        required: Object.keys(keys),
      },
    },
  };
  return documentOf(
    { Input: { type: 'object' }, Output: {}, ...COMMON, PredictionRequest },
    '/procedures',
    version,
  );
}

function documentOf(schemas: JsonObject, path: string, version: string): JsonObject {
  const answers = {
    200: { description: 'The finished prediction', ...json(ref('PredictionResponse')) },
    202: { description: 'The prediction runs', ...json(ref('PredictionResponse')) },
    400: { description: 'The request is not valid', ...json(ref('Error')) },
    409: { description: 'Every place is taken', ...json(ref('Error')) },
    503: { description: 'Not ready, or shutting down', ...json(ref('Error')) },
  };
  const body = { requestBody: json(ref('PredictionRequest')), responses: answers };
  const id = { parameters: [{ name: 'id', in: 'path', required: true, schema: text }] };
  return {
    openapi: '3.0.2',
    info: { title: 'Switchyard', version },
    paths: {
      [path]: { post: { summary: 'Predict', operationId: 'predict', ...body } },
      [`${path}/{id}`]: {
        put: { summary: 'Predict, once for each id', operationId: 'predict_idempotent', ...id, ...body },
        get: { summary: 'A prediction', operationId: 'get_prediction', ...id, responses: answers },
      },
      [`${path}/{id}/cancel`]: {
        post: {
          summary: 'Cancel',
          operationId: 'cancel',
          ...id,
          responses: { 200: { description: 'It will end' }, 404: { description: 'Not known, or over' } },
        },
      },
      '/health-check': { get: { summary: 'Health', responses: { 200: { description: 'Always' } } } },
      '/shutdown': { post: { summary: 'Shut down', responses: { 200: { description: 'It begins' } } } },
    },
    components: { schemas },
  };
}

const PROPERTIES = {
  id: text,
  created_at: { type: 'string', format: 'date-time' },
};

const COMMON = {
  PredictionRequest: {
    type: 'object',
    properties: {
      ...PROPERTIES,
      input: ref('Input'),
      webhook: { type: 'string', format: 'uri' },
      webhook_events_filter: { type: 'array', items: { type: 'string', enum: WEBHOOK_EVENTS } },
      output_file_prefix: { type: 'string', format: 'uri' },
      context: { type: 'object', additionalProperties: text },
      queue: { type: 'boolean', description: 'Wait in line where every place is taken.' },
    },
  },
  PredictionResponse: {
    type: 'object',
    properties: {
      ...PROPERTIES,
      status: { type: 'string', enum: PREDICTION_STATUSES },
      input: ref('Input'),
      output: ref('Output'),
      error: { ...text, nullable: true },
      logs: text,
      metrics: { type: 'object' },
      started_at: { type: 'string', format: 'date-time' },
      completed_at: { type: 'string', format: 'date-time', nullable: true },
    },
  },
  Error: { type: 'object', properties: { error: text, detail: {} } },
};
