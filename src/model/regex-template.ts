/**
 * Replacement texts with what the groups of a regular expression captured, as Go's `Regexp.Expand` reads them: `$1`, `${1}`, `$name`,
 * `$$`. A name is as long as it can be: `$1x` is the group called `1x`. Groups that there are not are empty.
 */
import type { RE2JS } from 're2js';

const REFERENCE = /\$(?:\$|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))/gu;
/** A name that begins with a zero is no number. */
const NUMBER = /^(?:0|[1-9][0-9]*)$/;

/** What a group captured, by its number (0 is all) or name: '' if it took no part, undefined if there is no such group. */
export type Groups = (reference: string) => string | undefined;

/** @param matcher of a value that matched */
export function groupsOf(regex: RE2JS, matcher: ReturnType<RE2JS['matcher']>): Groups {
  return (reference) => {
    if (NUMBER.test(reference)) return Number(reference) <= regex.groupCount() ? (matcher.group(Number(reference)) ?? '') : undefined;
    return Object.hasOwn(regex.namedGroups(), reference) ? (matcher.group(reference) ?? '') : undefined;
  };
}

export function expandTemplate(template: string, group: Groups): string {
  if (!template.includes('$')) return template;
  return template.replace(REFERENCE, (all: string, braced: string | undefined, bare: string | undefined) =>
    (all === '$$' ? '$' : (group(braced ?? bare!) ?? '')));
}

/** True if a template has more than fixed text and the whole of the match. */
export function refersToGroups(template: string): boolean {
  return Array.from(template.matchAll(REFERENCE)).some(([all, braced, bare]) => all !== '$$' && (braced ?? bare) !== '0');
}
