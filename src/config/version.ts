/** The version of narthex; equal to that of package.json (tested), which is not part of a build. */
export const NARTHEX_VERSION = '0.1.0';
