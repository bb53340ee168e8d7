/**
 * Numbers under which the store remembers what the bytes of a series stand for. A new one makes it forget: translators, policies and
 * pairs of replicas each take theirs, and none is used twice in a process, because identities of old ones stay in the heads.
 */
let last = 0;

export function newGeneration(): number {
  return ++last;
}
