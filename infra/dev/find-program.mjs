import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** Where package managers put programs that a shell started by an editor or by cron often does not look. */
const USUAL_FOLDERS = [
  '/usr/local/bin',
  '/usr/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/opt/homebrew/bin',
  '/home/linuxbrew/.linuxbrew/bin',
  '/opt/local/bin',
];

/**
 * The path of the first of these programs that is on the PATH or in one of the usual folders; null for none.
 *
 * @param {readonly string[]} names in order of preference
 */
export function findProgram(names, folders = [...pathFolders(), ...USUAL_FOLDERS]) {
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      if (isProgram(path)) return path;
    }
  }
  return null;
}

/** So that everything started from here finds the program by its name. Last, to shadow nothing else. */
export function addToPath(program) {
  const folder = dirname(program);
  if (!pathFolders().includes(folder)) process.env.PATH = [...pathFolders(), folder].join(delimiter);
}

export function pathFolders(path = process.env.PATH ?? '') {
  return path.split(delimiter).filter((folder) => folder !== '');
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
