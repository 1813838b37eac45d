import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RefusedError } from '../errors.js';
import { isObject, mergePatchOf, type Patch } from './merge-patch-of.js';
import { jsonOf } from './read-patch.js';

/**
 * Has a person change an event in an editor, in a file for their eyes only that is gone afterwards.
 *
 * @param editor a command of the shell, as in `$EDITOR`
 * @returns the change; null when there is none
 * @throws RefusedError when no event came of it
 */
export async function editEvent(event: unknown, editor: string): Promise<Patch | null> {
  if (!isObject(event)) throw new RefusedError('this event is no JSON object, so there is nothing to edit');
  const directory = await mkdtemp(join(tmpdir(), 'callpost-'));
  try {
    const file = join(directory, 'event.json');
    await writeFile(file, `${JSON.stringify(event, null, 2)}\n`, { mode: 0o600 });
    await runEditor(editor, file);
    const edited = jsonOf(await readFile(file, 'utf8'));
    if (!isObject(edited)) throw new RefusedError(`what the editor left is no JSON object; ${NOTHING}`);
    if (edited.id !== event.id)
      throw new RefusedError(`an event keeps its id, but it was changed; ${NOTHING}`);
    const patch = mergePatchOf(event, edited);
    return Object.keys(patch).length === 0 ? null : patch;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const NOTHING = 'nothing was replayed';

/** Through a shell, since `$EDITOR` may hold options. */
function runEditor(editor: string, file: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
    const failed = (how: string) => reject(new RefusedError(`the editor ${how}; ${NOTHING}`));
    child.once('error', () => failed('could not be started'));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else failed(`ended with ${signal ?? `exit code ${code}`}`);
    });
  });
}
