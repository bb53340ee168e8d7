/** Parameters of the API by name: their schema and what they mean. A name means the same wherever it stands. */
import type { Schema } from './shapes.js';

const text = (description: string): Schema => ({ type: 'string', description });
const count = (description: string, minimum = 0): Schema => ({ type: 'integer', minimum, description });
const choice = (description: string, ...values: string[]): Schema => ({ type: 'string', enum: values, description });
const flag = (description: string): Schema => ({ type: 'boolean', description });
const several = (description: string): Schema => ({ type: 'array', items: { type: 'string' }, description });
const time = (description: string): Schema => text(`${description}: Unix seconds with an optional fraction, or RFC 3339`);
const duration = (description: string): Schema => text(`${description}: seconds, or as in 1h30m`);

export const PARAMETERS: Readonly<Record<string, Schema>> = {
  'query': text('A PromQL expression'),
  'time': time('Evaluation time, now if absent'),
  'start': time('First time, inclusive'),
  'end': time('Last time, inclusive'),
  'step': duration('Distance of the steps'),
  'timeout': duration('Longest time for this request, at most that of the server'),
  'limit': count('Most entries of the answer; 0 is no limit of its own'),
  'lookback_delta': duration('How far back a sample may lie, instead of the server\'s'),
  'stats': text('Statistics in the answer: true, or all with figures of each step where that feature is on'),
  'nocache': choice('1 computes every step of a range query, instead of using kept results', '1'),
  'match[]': several('Selectors, of which a series must match one'),
  'metric': text('The metric asked about'),
  'limit_per_metric': count('Most entries of each metric'),
  'label': text('The label whose values are searched'),
  'search[]': several('Typed texts, of which a name must fit one'),
  'batch_size': count('Entries in a line'),
  'fuzz_threshold': { type: 'integer', minimum: 0, maximum: 100, description: 'How well a name must fit' },
  'fuzz_alg': choice('How fit is measured', 'subsequence', 'jarowinkler'),
  'case_sensitive': flag('Whether upper and lower case differ'),
  'include_score': flag('Whether entries say how well they fit'),
  'include_metadata': flag('Whether metrics come with type, help and unit'),
  'sort_by': choice('Order of the entries', 'alpha', 'score'),
  'sort_dir': choice('Direction of sort_by=alpha', 'asc', 'dsc'),
  'state': choice('State of targets', 'active', 'dropped', 'any'),
  'match_target': text('A selector of targets'),
  'scrapePool': text('Name of a scrape pool'),
  'labels': text('Labels of a target'),
  'type': choice('Kind of rules', 'alert', 'record'),
  'exclude_alerts': flag('Whether rules come without their alerts'),
  'group_limit': count('Most groups of an answer', 1),
  'group_next_token': text('Where the answer before ended'),
  'metric_name_pattern': { type: 'string', maxLength: 1024, description: 'Regular expression for names' },
  'dry_run': flag('Explains the request instead of storing it'),
  'skip_head': flag('Copies blocks only'),
};
