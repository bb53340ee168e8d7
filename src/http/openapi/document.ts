/** `/api/v1/openapi.yaml`: the tables beside this file as one description. Schemas are written as JSON, which is YAML too. */
import { API_VERSION } from '../server-status.js';
import { answerOf, bodyOf, type Content } from './content.js';
import { type Endpoint, ENDPOINTS, statusesOf } from './endpoints.js';
import { PARAMETERS } from './parameters.js';
import { type Schema, SHAPES } from './shapes.js';

const MEANINGS: Readonly<Record<string, string>> = {
  200: 'Success.',
  204: 'Done, and nothing to say.',
  400: 'A parameter is missing or wrong, or the data cannot be stored.',
  404: 'There is none of that name.',
  413: 'The body is too large.',
  415: 'Not a media type or an encoding that is understood here.',
  422: 'The query failed while it was evaluated.',
  499: 'The client closed the connection.',
  500: 'Switched off, or a fault of the server.',
  503: 'Starting, stopping, overloaded, or out of time. What Retry-After comes with may be repeated.',
};

let made: string | undefined;

/** Written when it is first asked for: a start has better things to do. */
export function openapiYaml(): string {
  made ??= write();
  return made;
}

function write(): string {
  return `openapi: 3.1.0
info:
  title: narthex
  description: The HTTP API of Prometheus, as narthex answers it.
  version: ${JSON.stringify(API_VERSION)}
servers:
  - url: /api/v1
paths:
${ENDPOINTS.map(pathYaml).join('')}components:
  schemas:
${Object.entries(SHAPES).map(([name, schema]) => `    ${name}: ${JSON.stringify(schema)}\n`).join('')}`;
}

function pathYaml(endpoint: Endpoint): string {
  return `  ${endpoint.path}:\n${endpoint.methods.split(' ').map((method) => operationYaml(endpoint, method)).join('')}`;
}

function operationYaml(endpoint: Endpoint, method: string): string {
  const { path, tag, summary } = endpoint;
  const id = `${method}${path.replaceAll(/[/{}._]+/g, '-').replace(/-$/, '')}`;
  const body = bodyOf(endpoint);
  const params = endpoint.params.map(parameter);
  const asForm = method !== 'get' && body === undefined;
  return `    ${method}:
      tags: [${tag}]
      summary: ${JSON.stringify(summary)}
      operationId: ${id}
${parametersYaml(path, asForm ? [] : params)}${asForm ? formYaml(params) : bodyYaml(body)}      responses:
${statusesOf(endpoint).map((status) => responseYaml(endpoint, status)).join('')}`;
}

interface Parameter {
  readonly name: string;
  readonly required: boolean;
  readonly schema: Schema;
}

function parameter(word: string): Parameter {
  const required = word.endsWith('!');
  const name = required ? word.slice(0, -1) : word;
  return { name, required, schema: PARAMETERS[name]! };
}

function parametersYaml(path: string, params: readonly Parameter[]): string {
  const rows = params.map(({ name, required, schema }) => JSON.stringify({ name, in: 'query', required, schema }));
  if (path.includes('{name}')) {
    const schema = { type: 'string', description: 'Name of a label; as U__… with other characters than letters, digits and _' };
    rows.unshift(JSON.stringify({ name: 'name', in: 'path', required: true, schema }));
  }
  return rows.length === 0 ? '' : `      parameters:\n${rows.map((row) => `        - ${row}\n`).join('')}`;
}

/** Forms are read together with the URL's query, so that each of these may stand there as well. */
function formYaml(params: readonly Parameter[]): string {
  if (params.length === 0) return '';
  const required = params.filter((one) => one.required).map((one) => one.name);
  const properties = Object.fromEntries(params.map(({ name, schema }) => [name, schema]));
  const schema = { type: 'object', ...(required.length === 0 ? {} : { required }), properties };
  return `      requestBody:\n        content: ${JSON.stringify({ 'application/x-www-form-urlencoded': { schema } })}\n`;
}

function bodyYaml(body: Content | undefined): string {
  return body === undefined ? '' : `      requestBody:\n        required: true\n        content: ${contentJson(body)}\n`;
}

function responseYaml(endpoint: Endpoint, status: string): string {
  const content = answerOf(endpoint, status);
  const head = `        "${status}":\n          description: ${JSON.stringify(MEANINGS[status])}\n`;
  return Object.keys(content).length === 0 ? head : `${head}          content: ${contentJson(content)}\n`;
}

function contentJson(content: Content): string {
  return JSON.stringify(Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }])));
}
