/** `/format_query` and `/parse_query`: the parser as a service. */
import type { Expr } from '../../promql/parser/ast.js';
import { parseExpr } from '../../promql/parser/parse.js';
import { formatExpr } from '../../promql/parser/format.js';
import { toJson } from '../../promql/parser/to-json.js';
import type { ApiContext, ApiHandler, ApiRequest } from '../contract.js';
import { success } from '../envelope.js';
import { invalidParameter, isInputError } from '../error-types.js';
import { FormParams } from '../form.js';
import { writeJsonValue } from '../json-value.js';
import { stoppableRegexes } from '../stop.js';

export const handleFormatQuery: ApiHandler = (request, context) => {
  const expr = parseQuery(request, context);
  return success(context, (json) => json.htmlSafeString(formatExpr(expr)));
};

export const handleParseQuery: ApiHandler = (request, context) => {
  const expr = parseQuery(request, context);
  return success(context, (json) => writeJsonValue(json, toJson(expr)));
};

function parseQuery({ params }: ApiRequest, context: ApiContext): Expr {
  try {
    return parseExpr(new FormParams(params).get('query'), { ...context.syntax, regexes: stoppableRegexes(context) });
  } catch (error) {
    if (isInputError(error)) throw invalidParameter('query', error.message);
    throw error;
  }
}
