import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT, readEnvFile, readText } from './deployment-compose.js';

const NAME = 'callpost-worker@.service';
const unit = readText(`infra/systemd/${NAME}`);
const settings = [...unit.matchAll(/^(\w+)=(.*)$/gm)];
const environment = readEnvFile('infra/systemd/worker.env.example');
const folder = mkdtempSync(join(tmpdir(), 'callpost-unit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The values of a setting, in order. */
const valuesOf = (wanted: string) =>
  settings.filter(([, key]) => key === wanted).map(([, , value = '']) => value);

/** Where a machine has the programs, this one may have them elsewhere. */
function unitHere(change: (text: string) => string = (text) => text): string {
  const path = join(folder, 'callpost-worker@9464.service');
  const here = unit
    .replaceAll('/opt/callpost', ROOT.replace(/\/$/, ''))
    .replaceAll('/usr/bin/node', process.execPath)
    .replaceAll('/bin/kill', '/bin/sh')
    .replaceAll('/etc/callpost', folder);
  writeFileSync(path, change(here));
  return path;
}

function analyse(...args: string[]) {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { status, said: (stdout + stderr).split('\n').filter((line) => line.includes('callpost-worker')) };
}

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

describe.runIf(hasSystemd)('systemd', () => {
  it('has nothing against the unit', () => {
    expect(analyse('verify', '--man=no', unitHere())).toEqual({ status: 0, said: [] });
  });

  it('finds a misspelt setting, so that the above means something', () => {
    const broken = unitHere((text) => text.replace('RestartSec=', 'RestartSeconds='));
    expect(analyse('verify', '--man=no', broken).said.join()).toContain('RestartSeconds');
  });

  it('finds it well shut in', () => {
    const { status, said } = analyse('security', '--offline=true', '--threshold=20', unitHere());
    expect(status, said.join('\n')).toBe(0);
  });
});

describe('the unit', () => {
  it('starts the worker that is built here', () => {
    const [program = '', ...words] = valuesOf('ExecStart')[0]?.split(' ') ?? [];
    expect(program).toBe('/usr/bin/node');
    const worker = words.map((word) => word.replace('/opt/callpost/', ROOT));
    const secret = join(folder, 'reamaze_shared_secret');
    writeFileSync(secret, 'secret\n');
    const own = valuesOf('Environment').map((pair) =>
      pair.replace('%i', '9464').replace('%d', folder).split('='),
    );
    const env = { ...Object.fromEntries(own), ...environment };
    const { status, stderr } = spawnSync(process.execPath, [...worker, '--check-config'], {
      env,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('starts Node with what the image starts it with', () => {
    const [, ...words] = valuesOf('ExecStart')[0]?.split(' ') ?? [];
    const flags = words.slice(0, -1).map((flag) => `"${flag}", `);
    expect(readText('infra/docker/Dockerfile')).toContain(`["node", ${flags.join('')}"/app/dist/main.js"]`);
  });

  it('hands the secret on as a credential of the name that the environment says', () => {
    const [credential = ''] = valuesOf('LoadCredential');
    const [name] = credential.split(':');
    expect(valuesOf('Environment')).toContain(`REAMAZE_SHARED_SECRET_FILE=%d/${name}`);
    expect(Object.keys(environment)).not.toContain('REAMAZE_SHARED_SECRET_FILE');
  });

  it('gives the worker longer to stop than the worker takes', () => {
    const stopMs = Number(valuesOf('TimeoutStopSec')[0]) * 1_000;
    expect(stopMs).toBeGreaterThan(Number(environment.SHUTDOWN_GRACE_MS) + 5_000);
  });

  it('sets only what the worker reads', () => {
    const config = readText('apps/worker/src/config.ts') + readText('packages/config/src/channels.ts');
    const own = valuesOf('Environment').map((pair) => pair.split('=')[0] ?? '');
    for (const name of [...own, ...Object.keys(environment)]) {
      if (name !== 'NODE_ENV') expect(config, name).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});
