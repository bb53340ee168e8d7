/** `/query_exemplars`: exemplars of all series that any selector of an expression matches. */
import type { Exemplar } from '../../model/exemplar.js';
import { Pace } from '../../storage/pace.js';
import { parseExpr, selectorsOf } from '../../promql/parser/parse.js';
import type { ApiContext, ApiHandler } from '../contract.js';
import { noContent, success } from '../envelope.js';
import { badData, isInputError } from '../error-types.js';
import type { Expr } from '../../promql/parser/ast.js';
import { FormParams } from '../form.js';
import type { JsonWriter } from '../json-writer.js';
import { MAX_TIME_MS, MIN_TIME_MS, optionalTime } from '../params.js';
import { writeLabels, writeList } from '../result-json.js';
import { stoppableRegexes, throwIfStopped } from '../stop.js';

/** Rows of the catalogue read between two polls: 3 us each. */
const ROWS_PER_POLL = 500;

export const handleQueryExemplars: ApiHandler = (request, context) => {
  const form = new FormParams(request.params);
  const startMs = optionalTime(form, 'start', MIN_TIME_MS);
  const endMs = optionalTime(form, 'end', MAX_TIME_MS);
  if (endMs < startMs) throw badData('end timestamp must not be before start timestamp');
  const selectors = selectorsOf(parse(form.get('query'), context));
  // Observed: 204 without a body, while a selector that matches nothing gives `[]`.
  if (selectors.length === 0) return noContent();

  const pace = new Pace(() => throwIfStopped(context), ROWS_PER_POLL);
  const found = context.exemplars.exemplars(selectors.map((selector) => selector.matchers), startMs, endMs, (bytes) => {
    pace.step();
    context.memory?.take(bytes);
  });
  return success(context, (json) =>
    writeList(json, found, (out, { series, exemplars }) => {
      out.raw('{"seriesLabels":');
      writeLabels(out, series);
      out.raw(',"exemplars":');
      writeList(out, exemplars, writeExemplar);
      out.raw('}');
    }));
};

function writeExemplar(json: JsonWriter, exemplar: Exemplar): void {
  json.raw('{"labels":');
  writeLabels(json, exemplar.labels);
  json.raw(',"value":');
  json.quotedFloat(exemplar.value);
  json.raw(',"timestamp":');
  json.timestamp(exemplar.timestampMs);
  json.raw('}');
}

/** This endpoint reports parse errors without naming the parameter. */
function parse(text: string, context: ApiContext): Expr {
  try {
    return parseExpr(text, { ...context.syntax, regexes: stoppableRegexes(context) });
  } catch (error) {
    if (isInputError(error)) throw badData(error.message);
    throw error;
  }
}
