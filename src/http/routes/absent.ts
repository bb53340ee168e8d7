/**
 * Scraping, rules and alerting, which narthex does not have: answered as by a Prometheus that is configured without any of
 * it, parameters checked all the same. Clients then stay quiet, where a 404 gives error banners; Grafana reads `/rules` at
 * each start.
 */
import type { FastifyInstance } from 'fastify';
import { goQuote } from '../../model/go-quote.js';
import { RegexBudget } from '../../model/regex-limits.js';
import { ApiError, badData, invalidParameter } from '../../api/error-types.js';
import type { FormParams } from '../../api/form.js';
import type { JsonValue } from '../../api/json-value.js';
import { matcherSets, messageOf, parseGoBool, parseGoInt, selector } from '../../api/params.js';
import type { HttpDeps } from '../deps.js';
import { defineDataRoute } from '../data-route.js';

type Answer = (form: FormParams) => JsonValue;

const ANSWERS: Readonly<Record<string, Answer>> = {
  '/api/v1/rules': rules,
  '/api/v1/alerts': () => ({ alerts: [] }),
  '/api/v1/alertmanagers': () => ({ activeAlertmanagers: [], droppedAlertmanagers: [] }),
  '/api/v1/targets': targets,
  '/api/v1/targets/metadata': targetsMetadata,
  '/api/v1/targets/relabel_steps': (form) => noScrapePool(form.get('scrapePool'), form),
  '/api/v1/scrape_pools': () => ({ scrapePools: [] }),
  '/api/v1/scrape_pools/config': (form) => noScrapePool(form.get('scrapePool')),
};

export async function absentRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  for (const [path, answer] of Object.entries(ANSWERS)) defineDataRoute(app, deps, path, answer);
}

function rules(form: FormParams): JsonValue {
  const type = form.get('type').toLowerCase();
  if (type !== '' && type !== 'alert' && type !== 'record') throw invalidParameter('type', `not supported value "${type}"`);
  const excludeAlerts = form.get('exclude_alerts');
  if (excludeAlerts !== '' && parseGoBool(excludeAlerts) === undefined) {
    throw invalidParameter('exclude_alerts',
      `error converting exclude_alerts: strconv.ParseBool: parsing ${goQuote(excludeAlerts)}: invalid syntax`);
  }
  const limit = form.get('group_limit');
  if (limit === '' && form.get('group_next_token') !== '') {
    throw invalidParameter('group_next_token', 'group_limit needs to be present in order to paginate over the groups');
  }
  if (limit !== '') checkGroupLimit(limit);
  const token = form.get('group_next_token');
  // Tokens name a group, and there is none.
  if (token !== '') throw invalidParameter('group_next_token', `invalid group_next_token '${token}'. were rule groups changed?`);
  matcherSets(form, badData, RegexBudget.ofOnePiece());
  return { groups: [] };
}

function checkGroupLimit(text: string): void {
  let limit: number;
  try {
    limit = parseGoInt(text);
  } catch (error) {
    throw invalidParameter('group_limit',
      `group_limit needs to be a valid number: ${messageOf(error).replace('strconv.Atoi', 'strconv.ParseInt')}`);
  }
  if (limit <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
}

function targets(form: FormParams): JsonValue {
  const state = form.get('state').toLowerCase();
  // Prometheus leaves the counts null when dropped targets are not asked for.
  const counts = state === '' || state === 'any' || state === 'dropped' ? {} : null;
  return { activeTargets: [], droppedTargets: [], droppedTargetCounts: counts };
}

function targetsMetadata(form: FormParams): JsonValue {
  const limit = form.get('limit');
  try {
    if (limit !== '') parseGoInt(limit);
  } catch {
    // The endpoint has this one text, whatever is wrong with the number.
    throw badData('limit must be a number');
  }
  const target = form.get('match_target');
  if (target !== '') selector(target, (reason) => invalidParameter('match_target', reason), RegexBudget.ofOnePiece());
  return [];
}

function noScrapePool(pool: string, form?: FormParams): never {
  if (pool === '') throw badData('no scrapePool parameter provided');
  if (form && form.get('labels') === '') throw badData('no labels parameter provided');
  throw new ApiError('not_found', `scrape pool ${goQuote(pool)} not found`);
}
