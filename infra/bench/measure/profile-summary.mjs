import { readFileSync } from 'node:fs';

/** What V8 writes for time that is in no function of JavaScript's. */
const NOT_CODE = {
  '(garbage collector)': 'garbage collection',
  '(program)': 'native code',
  '(idle)': 'idle',
};

/**
 * A CPU profile of V8 (`node --cpu-prof`) as shares of the time that was not idle.
 *
 * @returns {{ busySeconds: number, modules: Row[], functions: Row[] }} costliest first; `share` is of the busy time, a
 *   function's own time without what it called
 * @typedef {{ name: string, share: number, perCallUs?: number }} Row
 */
export function summariseProfile(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'));
  const selfUs = new Map();
  for (const [place, id] of samples.entries()) selfUs.set(id, (selfUs.get(id) ?? 0) + timeDeltas[place]);

  const modules = new Map();
  const functions = new Map();
  let busyUs = 0;
  for (const { id, callFrame } of nodes) {
    const us = selfUs.get(id) ?? 0;
    const module = moduleOf(callFrame);
    if (module === 'idle' || us === 0) continue;
    busyUs += us;
    add(modules, module, us);
    add(functions, `${module} ${nameOf(callFrame)}`, us);
  }
  const rows = (map) =>
    [...map].map(([name, us]) => ({ name, share: us / busyUs })).sort((a, b) => b.share - a.share);
  return { busySeconds: busyUs / 1e6, modules: rows(modules), functions: rows(functions) };
}

function moduleOf({ url, functionName }) {
  if (Object.hasOwn(NOT_CODE, functionName)) return NOT_CODE[functionName];
  const installed = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  if (installed !== undefined) return installed;
  const own = /\/(apps|packages)\/([^/]+)\//.exec(url);
  if (own !== null) return `callpost ${own[1]}/${own[2]}`;
  return url.startsWith('node:') ? url.split('/')[0] : 'native code';
}

function nameOf({ functionName, url, lineNumber }) {
  if (url === '') return functionName;
  return `${functionName || '(anonymous)'} ${url.split('/').at(-1)}:${lineNumber + 1}`;
}

function add(map, key, us) {
  map.set(key, (map.get(key) ?? 0) + us);
}
