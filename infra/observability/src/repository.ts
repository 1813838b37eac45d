import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const RULES_FOLDER = 'infra/prometheus/rules';
export const RULE_TESTS_FOLDER = 'infra/prometheus/tests';
export const DASHBOARDS_FOLDER = 'infra/grafana/dashboards';
export const RUNBOOKS_FOLDER = 'docs/runbooks';

/** @param path in the repository, as all paths here */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths of the files directly in a folder that end like this, sorted. */
export function listFiles(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`);
}

export function readYaml(path: string): unknown {
  return parse(readText(path));
}
