import { invariant } from '../../invariant.js';
import type { Call } from '../parser/ast.js';
import { withoutParens } from '../plan/plan.js';

/** The text of a string argument; the type check has made sure that it is one. */
export function stringArgument(call: Call, index: number): string {
  const arg = withoutParens(call.args[index]!);
  invariant(arg.kind === 'string', `argument ${index} of ${call.func} is not a string`);
  return arg.value;
}
