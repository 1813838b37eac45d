import { register } from 'node:module';

/*
 * Loaded before a program (`node --import`), when PLANTED_BUG names a bug: the file it is in is changed while it is
 * loaded, and nothing on disk.
 */

if (process.env.PLANTED_BUG !== undefined) {
  register('./planting-hooks.js', import.meta.url, { data: process.env.PLANTED_BUG });
}
