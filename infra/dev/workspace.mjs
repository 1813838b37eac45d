import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** `pnpm@10.34.9`, the one version that is ever used. */
export function pinnedPnpm() {
  return readJson(join(ROOT, 'package.json')).packageManager;
}

/** @returns {{ name: string, folder: string, scripts: Record<string, string> }[]} every package of the workspace */
export function workspacePackages() {
  return packageFolders().flatMap((folder) => {
    try {
      const { name, scripts = {} } = readJson(join(folder, 'package.json'));
      return [{ name, folder, scripts }];
    } catch {
      return [];
    }
  });
}

/** The list under `packages:` in pnpm-workspace.yaml, of which only `folder` and `folder/*` are understood. */
function packageFolders() {
  const yaml = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8');
  const list = /^packages:\n((?:[ \t]+-.*\n|\s*\n)+)/m.exec(yaml)?.[1] ?? '';
  const patterns = [...list.matchAll(/-\s*["']?([^"'\s]+)/g)].map(([, pattern]) => pattern);
  return patterns.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [join(ROOT, pattern)];
    const parent = join(ROOT, pattern.slice(0, -2));
    return readdirSync(parent).map((name) => join(parent, name));
  });
}
