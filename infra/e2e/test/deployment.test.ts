import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  hostPathBehind,
  hostPathOf,
  ROOT,
  readCompose,
  readEnvFile,
  readText,
  type Service,
  schemaFaults,
  variablesOf,
} from './deployment-compose.js';
import {
  environmentOf,
  execForm,
  instructionsOf,
  lastOf,
  parseDockerfile,
  sourceOf,
} from './deployment-dockerfile.js';
import { startRedis, withDirectory } from './deployment-redis.js';

// No engine runs here. What an engine would read is checked against what it names, and whatever can run without one
// runs: Redis with its configuration, the health checks of the images.

const DOCKERFILE = 'infra/docker/Dockerfile';
const SIMULATOR_ENV = readEnvFile('infra/docker/simulator.env');
const SECRET_EXAMPLE = 'infra/docker/secrets/reamaze_shared_secret.example';

const stages = parseDockerfile(readText(DOCKERFILE));
const compose = readCompose({});
const simulated = readCompose(SIMULATOR_ENV);
const services = Object.entries(compose.services);
const ours = services.flatMap(([name, { build }]) => (build ? [[name, build] as const] : []));

/** What a container of one of our services starts with. */
function environmentInside(name: string, file = compose): Record<string, string | null> {
  const service = serviceOf(name, file);
  return {
    ...environmentOf(instructionsOf(stages, service.build?.target ?? '')),
    ...service.environment,
  };
}

function serviceOf(name: string, file = compose): Service {
  const service = file.services[name];
  if (service === undefined) throw new Error(`no service is called ${name}`);
  return service;
}

function seconds(duration = ''): number {
  expect(duration).toMatch(/^\d+s$/);
  return Number.parseInt(duration, 10);
}

describe('docker-compose.yml', () => {
  it.each([
    ['Re:amaze', compose],
    ['the simulator', simulated],
  ])('is valid by the Compose specification, with %s', (_, file) => {
    expect(schemaFaults(file)).toEqual([]);
  });

  it('names only paths and build targets that exist', () => {
    for (const [name, service] of services) {
      const paths = (service.volumes ?? []).map(hostPathOf).filter((path) => path !== null);
      for (const path of paths) expect(existsSync(join(ROOT, path)), `${name}: ${path}`).toBe(true);
    }
    for (const [name, build] of ours) {
      expect(join(build.context, build.dockerfile), name).toBe(DOCKERFILE);
      expect(stages.map((stage) => stage.name)).toContain(build.target);
    }
  });

  it.each(services)('pins the image of %s, or builds it and never pulls', (_, service) => {
    const { image, build, pull_policy } = service;
    if (build) expect([image, pull_policy]).toEqual([`callpost/${build.target}:dev`, 'never']);
    else expect(image).toMatch(/:v?\d+\.\d+\.\d+(-[a-z0-9]+)?$/);
  });

  it.each(services)('gives %s a read-only root and no privilege', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
  });

  it.each(services)('opens ports of %s to this machine alone', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('publishes no port of what is scaled, and none of Redis', () => {
    expect(serviceOf('worker').ports).toBeUndefined();
    expect(serviceOf('redis').ports).toBeUndefined();
  });

  it('lets nothing but the worker and the command reach Redis', () => {
    expect(serviceOf('redis').networks).toEqual(['queue']);
    expect(compose.networks.queue?.internal).toBe(true);
    const inside = services.filter(([, { networks }]) => networks?.includes('queue')).map(([name]) => name);
    expect(inside.toSorted()).toEqual(['cli', 'redis', 'worker']);
  });

  it('sets only variables that the worker reads', () => {
    const sources = ['apps/worker/src', 'packages/config/src'].flatMap((directory) =>
      readdirSync(join(ROOT, directory))
        .filter((file) => /(?<!\.test)\.ts$/.test(file))
        .map((file) => readText(`${directory}/${file}`)),
    );
    for (const name of ['worker', 'cli']) {
      for (const variable of Object.keys(environmentInside(name))) {
        if (variable === 'NODE_ENV') continue;
        const isRead = sources.some((source) => new RegExp(`\\b${variable}\\b`).test(source));
        expect(isRead, `${name}: ${variable}`).toBe(true);
      }
    }
  });

  it('posts to the real Re:amaze over https: unless told otherwise', () => {
    const { REAMAZE_URL, REAMAZE_ALLOW_HTTP } = environmentInside('worker');
    expect(REAMAZE_URL).toBe('https://www.reamaze.io/incoming/voice');
    expect(REAMAZE_ALLOW_HTTP).toBe('false');
  });

  it('gives the worker longer to stop than the worker takes', () => {
    const graceSeconds = Number(environmentInside('worker').SHUTDOWN_GRACE_MS) / 1_000;
    expect(seconds(serviceOf('worker').stop_grace_period)).toBeGreaterThan(graceSeconds + 5);
  });

  it('hands the secret on as a file that git ignores, with an example beside it', () => {
    const [secret = ''] = serviceOf('worker').secrets ?? [];
    expect(environmentInside('worker').REAMAZE_SHARED_SECRET_FILE).toBe(`/run/secrets/${secret}`);
    expect(`${compose.secrets[secret]?.file}.example`).toBe(`./${SECRET_EXAMPLE}`);
    expect(existsSync(join(ROOT, SECRET_EXAMPLE))).toBe(true);
    const ignored = readText('infra/docker/secrets/.gitignore')
      .split('\n')
      .filter((line) => /^[^#]/.test(line));
    expect(ignored).toEqual(['*', '!.gitignore', '!*.example']);
  });
});

describe('infra/docker/simulator.env', () => {
  it('sets only what docker-compose.yml asks for', () => {
    const asked = variablesOf(readText('docker-compose.yml'));
    const own = Object.keys(SIMULATOR_ENV).filter((name) => !name.startsWith('COMPOSE_'));
    expect(own.filter((name) => !asked.has(name))).toEqual([]);
  });

  it('starts the simulator in a project of its own, so that it never meets a real queue', () => {
    expect(serviceOf('simulator').profiles).toEqual([SIMULATOR_ENV.COMPOSE_PROFILES]);
    expect(SIMULATOR_ENV.COMPOSE_PROJECT_NAME).not.toBe(compose.name);
  });

  it('points the worker at the simulator, with the same secret on both sides', () => {
    const { REAMAZE_URL, REAMAZE_ALLOW_HTTP } = environmentInside('worker', simulated);
    const { SIMULATOR_PORT, SIMULATOR_SECRET } = environmentInside('simulator', simulated);
    expect(REAMAZE_URL).toBe(`http://simulator:${SIMULATOR_PORT}/incoming/voice`);
    expect(REAMAZE_ALLOW_HTTP).toBe('true');
    expect(simulated.secrets.reamaze_shared_secret?.file).toBe(`./${SECRET_EXAMPLE}`);
    expect(readText(SECRET_EXAMPLE).trim()).toBe(SIMULATOR_SECRET);
  });
});

describe('the Dockerfile', () => {
  it('starts every stage from a pinned image or an earlier stage', () => {
    for (const { base } of stages) {
      if (!stages.some(({ name }) => name === base)) expect(base).toMatch(/^node:24\.\d+\.\d+-[a-z-]+$/);
    }
  });

  it.each(ours)('runs %s without root, as a process that SIGTERM reaches', (_, { target }) => {
    const instructions = instructionsOf(stages, target);
    expect(lastOf(instructions, 'USER')).toBe('node');
    expect(execForm(lastOf(instructions, 'ENTRYPOINT'))[0]).toBe('node');
  });

  it.each(ours)('starts %s from a file that its package builds', (_, { target }) => {
    const file = execForm(lastOf(instructionsOf(stages, target), 'ENTRYPOINT')).at(-1) ?? '';
    const source = sourceOf(stages, target, file);
    expect(existsSync(join(ROOT, source)), source).toBe(true);
  });

  it('builds every package that it deploys, with the pnpm of package.json', () => {
    const build = instructionsOf(stages, 'build').map(({ text }) => text);
    const filtersOf = (text: string) => [...text.matchAll(/--filter=(\S+)/g)].map(([, name]) => name);
    const built = build.filter((text) => text.includes('turbo run build')).flatMap(filtersOf);
    expect(build.filter((text) => text.includes(' deploy ')).flatMap(filtersOf)).toEqual(built);
    expect(build).toContain(`npm install --global ${JSON.parse(readText('package.json')).packageManager}`);
  });

  it('exposes the port that the process listens on, on every address', () => {
    const { METRICS_HOST, METRICS_PORT } = environmentInside('worker');
    expect([METRICS_HOST, METRICS_PORT]).toEqual([
      '0.0.0.0',
      lastOf(instructionsOf(stages, 'worker'), 'EXPOSE'),
    ]);
    const { SIMULATOR_HOST, SIMULATOR_PORT } = environmentInside('simulator');
    const exposed = lastOf(instructionsOf(stages, 'simulator'), 'EXPOSE');
    expect([SIMULATOR_HOST, SIMULATOR_PORT]).toEqual(['0.0.0.0', exposed]);
    expect(serviceOf('simulator').ports?.[0]).toMatch(new RegExp(`:${exposed}$`));
  });

  it.each([
    ['worker', 'METRICS_PORT', '/livez'],
    ['simulator', 'SIMULATOR_PORT', '/_simulator/health'],
  ])('asks the %s whether it lives', async (target, portVariable, path) => {
    const command = execForm(lastOf(instructionsOf(stages, target), 'HEALTHCHECK'));
    let status = 200;
    const server = createServer(({ url }, response) => response.writeHead(url === path ? status : 404).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const port = String((server.address() as AddressInfo).port);
    try {
      expect(await exitCodeOf(command, { [portVariable]: port })).toBe(0);
      status = 503;
      expect(await exitCodeOf(command, { [portVariable]: port })).toBe(1);
    } finally {
      server.close();
    }
    expect(await exitCodeOf(command, { [portVariable]: port })).toBe(1);
  });

  it('lets nothing into the build but what .dockerignore names, and no secret', () => {
    const rules = readText('.dockerignore')
      .split('\n')
      .filter((line) => /^[^#]/.test(line));
    const admitted = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
    expect(rules[0]).toBe('*');
    expect(admitted.filter((path) => path.startsWith('infra') || !existsSync(join(ROOT, path)))).toEqual([]);
    const copied = instructionsOf(stages, 'build').filter(({ name }) => name === 'COPY');
    const wanted = copied.flatMap(({ text }) => text.split(' ').slice(0, -1)).filter((path) => path !== '.');
    expect(wanted.filter((path) => !admitted.includes(path))).toEqual([]);
  });
});

async function exitCodeOf(
  [command = '', ...options]: string[],
  env: Record<string, string>,
): Promise<unknown> {
  const child = spawn(command, options, { env: { ...process.env, ...env }, stdio: 'ignore' });
  const [code] = await once(child, 'exit');
  return code;
}

describe('Prometheus and Grafana', () => {
  const dashboardPath = serviceOf('grafana').environment?.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH ?? '';
  const dashboardFile = hostPathBehind(serviceOf('grafana'), dashboardPath) ?? '';

  it('scrapes every worker at the port of its metrics', () => {
    const { scrape_configs } = parse(readText('infra/prometheus/prometheus.yml'));
    const [discovery] = scrape_configs[0].dns_sd_configs;
    expect(discovery).toMatchObject({ names: ['worker'], type: 'A' });
    expect(String(discovery.port)).toBe(environmentInside('worker').METRICS_PORT);
    expect(serviceOf('worker').networks).toContain('default');
    expect(serviceOf('prometheus').networks ?? ['default']).toContain('default');
  });

  it('gives Prometheus and Grafana their files where they look for them', () => {
    const prometheus = hostPathBehind(serviceOf('prometheus'), '/etc/prometheus/prometheus.yml');
    expect(prometheus).toBe('infra/prometheus/prometheus.yml');
    const provisioning = hostPathBehind(
      serviceOf('grafana'),
      '/etc/grafana/provisioning/dashboards/callpost.yml',
    );
    const { providers } = parse(readText(provisioning ?? ''));
    expect(dashboardPath.startsWith(`${providers[0].options.path}/`)).toBe(true);
  });

  it('lets the dashboard ask the provisioned Prometheus', () => {
    const { datasources } = parse(readText('infra/grafana/provisioning/datasources/prometheus.yml'));
    const asked = readText(dashboardFile).matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g);
    expect(new Set([...asked].map(([, uid]) => uid))).toEqual(new Set([datasources[0].uid]));
    const { hostname, port } = new URL(datasources[0].url);
    expect(serviceOf(hostname).ports?.[0]).toMatch(new RegExp(`:${port}$`));
  });

  it('gives Prometheus its rules, and an Alertmanager that is there', () => {
    const { rule_files, alerting } = parse(readText('infra/prometheus/prometheus.yml'));
    const rules = hostPathBehind(serviceOf('prometheus'), `/etc/prometheus/${rule_files[0]}`) ?? '';
    expect(existsSync(join(ROOT, dirname(rules))), rules).toBe(true);
    const [target] = alerting.alertmanagers[0].static_configs[0].targets;
    const [name, port] = target.split(':');
    expect(serviceOf(name).ports?.[0]).toMatch(new RegExp(`:${port}$`));
    const file = serviceOf(name).command?.find((option) => option.startsWith('--config.file='));
    expect(hostPathBehind(serviceOf(name), file?.split('=')[1] ?? '')).toBe(
      'infra/alertmanager/alertmanager.yml',
    );
  });
});

describe('infra/redis/redis.conf', () => {
  it('is what the Redis of docker-compose.yml reads', () => {
    const file = serviceOf('redis').command?.[1] ?? '';
    expect(hostPathBehind(serviceOf('redis'), file)).toBe('infra/redis/redis.conf');
  });

  it('keeps every acknowledged event: log on, nothing evicted, nothing flushed by mistake', async () => {
    await withDirectory(async (directory) => {
      const { client, end } = await startRedis(directory);
      const setting = async (name: string) => ((await client.config('GET', name)) as string[])[1];
      try {
        expect(await setting('appendonly')).toBe('yes');
        expect(await setting('appendfsync')).toBe('everysec');
        expect(await setting('maxmemory-policy')).toBe('noeviction');
        expect(Number(await setting('maxmemory'))).toBeGreaterThan(0);
        expect(await setting('save')).toBe('');
        await expect(client.flushall()).rejects.toThrow(/unknown command/);
        await expect(client.flushdb()).rejects.toThrow(/unknown command/);
      } finally {
        await end('SIGTERM');
      }
    });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)('has what it acknowledged after %s', async (signal) => {
    await withDirectory(async (directory) => {
      const before = await startRedis(directory);
      await before.client.set('acknowledged', 'yes').finally(() => before.end(signal));
      const after = await startRedis(directory);
      expect(await after.client.get('acknowledged').finally(() => after.end('SIGTERM'))).toBe('yes');
    });
  });
});

describe('the GitHub workflow', () => {
  const { permissions, concurrency, jobs } = parse(readText('.github/workflows/ci.yml'));
  const { strategy, steps } = jobs.test;

  it('runs .ci/run on the oldest Node that is supported and on the one of the images', () => {
    expect(steps.at(-1)).toEqual({ run: 'bash .ci/run' });
    expect(existsSync(join(ROOT, '.ci/run'))).toBe(true);
    const oldest = /\d+/.exec(JSON.parse(readText('package.json')).engines.node)?.[0];
    const image = /^node:(\d+)/.exec(stages[0]?.base ?? '')?.[1];
    expect(strategy.matrix.node).toEqual([oldest, image]);
  });

  it('may read the repository and nothing else, and pins its actions', () => {
    expect(permissions).toEqual({ contents: 'read' });
    expect(concurrency.group).toBeTruthy();
    const actions = steps.flatMap(({ uses }: { uses?: string }) => uses ?? []);
    for (const action of actions) expect(action).toMatch(/^actions\/[a-z-]+@v\d+/);
  });
});
