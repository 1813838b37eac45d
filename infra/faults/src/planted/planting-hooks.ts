import type { InitializeHook, LoadHook } from 'node:module';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js';

let planted: PlantedBug | undefined;

export const initialize: InitializeHook<string> = (name) => {
  planted = PLANTED_BUGS.find((bug) => bug.name === name);
  if (planted === undefined) throw new Error(`no bug ${name} to plant`);
};

export const load: LoadHook = async (url, context, next) => {
  const loaded = await next(url, context);
  if (planted === undefined || !url.endsWith(planted.file)) return loaded;
  let source = String(loaded.source);
  for (const { from, to } of planted.changes) {
    // A bug that is planted nowhere would be found by nobody, and prove nothing.
    if (!source.includes(from)) throw new Error(`${planted.name}: ${planted.file} has no ${from}`);
    source = source.replace(from, () => to);
  }
  return { ...loaded, source };
};
