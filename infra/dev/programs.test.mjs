import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findProgram } from './find-program.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { workspacePackages } from './workspace.mjs';

test('the first name wins over the first folder, and only an executable file counts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-find-'));
  const [first, second] = ['a', 'b'].map((name) => join(folder, name));
  for (const path of [first, second, join(first, 'redis-server')]) mkdirSync(path);
  writeFileSync(join(first, 'valkey-server'), '');
  assert.equal(findProgram(['redis-server', 'valkey-server'], [first, second]), null);
  chmodSync(join(first, 'valkey-server'), 0o755);
  assert.equal(findProgram(['redis-server', 'valkey-server'], [first, second]), join(first, 'valkey-server'));
  writeFileSync(join(second, 'redis-server'), '', { mode: 0o755 });
  assert.equal(findProgram(['redis-server', 'valkey-server'], [first, second]), join(second, 'redis-server'));
});

test('Node 20.20 and newer will do', () => {
  for (const version of ['20.20.0', '22.1.0', '24.20.0']) ensureNodeVersion(version, 'linux');
  for (const version of ['20.19.5', '18.20.0', '16.0.0']) {
    assert.throws(() => ensureNodeVersion(version, 'linux'), /needs Node 20\.20 or newer; this is/);
  }
  assert.throws(() => ensureNodeVersion('20.20.0', 'win32'), /WSL/);
});

test('every package of the workspace is found', () => {
  const names = workspacePackages().map(({ name }) => name);
  for (const name of ['@callpost/domain', '@callpost/worker', '@callpost/e2e'])
    assert.ok(names.includes(name));
});
