import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readText } from './deployment-compose.js';
import { environmentOf, instructionsOf, lastOf, parseDockerfile } from './deployment-dockerfile.js';
import { schemaFaults, unknownFields } from './kubernetes-schemas.js';
import { buildOverlay, containersOf, type Resource } from './kustomize.js';

const production = buildOverlay('infra/kubernetes/overlays/production');
const staging = buildOverlay('infra/kubernetes/overlays/staging');
const overlays = [
  ['production', production],
  ['staging', staging],
] as const;

/** The worker's own, unless another name is given. */
const one = (
  kind: string,
  resources: readonly Resource[] = production,
  name = /^callpost(-worker|$)/,
): Resource => {
  const found = resources.filter((resource) => resource.kind === kind && name.test(resource.metadata.name));
  if (found.length !== 1) throw new Error(`${found.length} of ${kind}`);
  return found[0] as Resource;
};
const container = (resources: readonly Resource[] = production) =>
  containersOf(one('Deployment', resources))[0];
const podLabels = one('Deployment').spec.template.metadata.labels as Record<string, string>;
const image = instructionsOf(parseDockerfile(readText('infra/docker/Dockerfile')), 'worker');

describe.each(overlays)('the overlay %s', (_, resources) => {
  it('is valid by the schemas of Kubernetes, KEDA and the Prometheus operator', () => {
    expect(resources.flatMap(schemaFaults)).toEqual([]);
  });

  it('has no field that the schemas do not know', () => {
    expect(unknownFields(resources)).toEqual([]);
  });

  it('runs the same image for all its workers, pinned, from a registry', () => {
    expect(container(resources).image).toMatch(/^[\w.-]+\/callpost\/worker:\d+\.\d+\.\d+$/);
  });

  it('gives the worker a configuration that the worker takes', () => {
    const { data } = one('ConfigMap', resources);
    const { env, envFrom } = container(resources);
    expect(envFrom).toEqual([{ configMapRef: { name: one('ConfigMap', resources).metadata.name } }]);
    const named = env.map(({ name, value }: { name: string; value?: string }) => [name, value ?? '']);
    const environment = {
      ...environmentOf(image),
      ...data,
      ...Object.fromEntries(named),
      REDIS_URL: 'redis://redis:6379',
      REAMAZE_SHARED_SECRET_FILE: fileURLToPath(import.meta.url),
    };
    const worker = fileURLToPath(new URL('../../../apps/worker/dist/main.js', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [worker, '--check-config'], {
      env: environment,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    const config = readText('apps/worker/src/config.ts') + readText('packages/config/src/channels.ts');
    for (const name of [...Object.keys(data), ...named.map(([variable]: string[]) => variable)]) {
      expect(config, name).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('gives a worker longer to stop than the worker takes', () => {
    const graceMs = Number(one('ConfigMap', resources).data.SHUTDOWN_GRACE_MS);
    const { terminationGracePeriodSeconds } = one('Deployment', resources).spec.template.spec;
    expect(terminationGracePeriodSeconds * 1_000).toBeGreaterThan(graceMs + 5_000);
  });
});

describe('a broken manifest', () => {
  it.each<[string, (resource: Resource) => void, string, RegExp]>([
    [
      'a wrong type',
      ({ spec }) => Object.assign(spec, { replicas: '2' }),
      'Deployment',
      /replicas must be integer/,
    ],
    ['a missing field', ({ spec }) => delete spec.selector, 'Deployment', /selector/],
    [
      'a misspelt field deep inside',
      (resource) =>
        Object.assign(containersOf(resource)[0].securityContext, { readOnlyRootFileSystem: true }),
      'Deployment',
      /readOnlyRootFileSystem/,
    ],
    [
      'an unknown trigger field',
      ({ spec }) => Object.assign(spec.triggers[0], { treshold: '1' }),
      'ScaledObject',
      /treshold/,
    ],
    [
      'a rule without an expression',
      ({ spec }) => spec.groups.push({ name: 'a', rules: [{ alert: 'A' }] }),
      'PrometheusRule',
      /expr/,
    ],
    [
      'a kind without a schema',
      (resource) => Object.assign(resource, { kind: 'Depoyment' }),
      'Deployment',
      /no schema for/,
    ],
  ])('is found: %s', (_, change, kind, fault) => {
    const resource = structuredClone(one(kind));
    change(resource);
    expect([...schemaFaults(resource), ...unknownFields([resource])].join()).toMatch(fault);
  });
});

describe('the worker in Kubernetes', () => {
  it('has no privilege: not root, nothing writable, no capability, no token', () => {
    const { spec } = one('Deployment').spec.template;
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.automountServiceAccountToken).toBe(false);
    expect(container().securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(container().resources.limits).toEqual({ memory: expect.any(String) });
  });

  it('is asked by the kubelet, found by the Service, scraped and let through at the port of its image', () => {
    const [port] = container().ports;
    expect(String(port.containerPort)).toBe(lastOf(image, 'EXPOSE'));
    expect(container().livenessProbe.httpGet).toEqual({ path: '/livez', port: port.name });
    expect(container().readinessProbe.httpGet).toEqual({ path: '/readyz', port: port.name });
    expect(one('Service').spec.ports[0].targetPort).toBe(port.name);
    expect(one('ServiceMonitor').spec.endpoints[0].port).toBe(one('Service').spec.ports[0].name);
    expect(one('NetworkPolicy').spec.ingress[0].ports[0].port).toBe(port.name);
  });

  it('is what every selector selects, and what is scaled', () => {
    for (const { spec } of ['Deployment', 'Service', 'PodDisruptionBudget'].map((kind) => one(kind))) {
      expect(podLabels).toMatchObject(spec.selector.matchLabels ?? spec.selector);
    }
    expect(podLabels).toMatchObject(one('NetworkPolicy').spec.podSelector.matchLabels);
    expect(one('Service').metadata.labels).toMatchObject(one('ServiceMonitor').spec.selector.matchLabels);
    const { kind, name } = one('ScaledObject').spec.scaleTargetRef;
    expect([kind, name]).toEqual(['Deployment', one('Deployment').metadata.name]);
    expect(one('Deployment').spec.replicas).toBeUndefined();
  });

  it('gets its secrets by reference; none is in the repository', () => {
    expect(production.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const { volumes } = one('Deployment').spec.template.spec;
    expect(volumes).toMatchObject([{ secret: { secretName: 'callpost-reamaze' } }]);
    const [mount] = container().volumeMounts;
    const file = container().env.find(({ name }: { name: string }) => name === 'REAMAZE_SHARED_SECRET_FILE');
    expect(file.value.startsWith(`${mount.mountPath}/`)).toBe(true);
    expect(mount.subPath).toBeUndefined();
  });
});

describe('the toolbox', () => {
  const toolbox = one('Deployment', production, /toolbox/);
  const { spec } = toolbox.spec.template;

  it('has no more privilege than the worker, and the same image tag', () => {
    expect(containersOf(toolbox)[0].securityContext).toEqual(container().securityContext);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(containersOf(toolbox)[0].image).toBe(container().image.replace('/worker:', '/cli:'));
  });

  it('reaches what the worker reaches, but for Re:amaze, and is reached by nobody', () => {
    const { egress, ingress, podSelector } = one('NetworkPolicy', production, /toolbox/).spec;
    expect(toolbox.spec.template.metadata.labels).toMatchObject(podSelector.matchLabels);
    expect([egress, ingress]).toEqual([one('NetworkPolicy').spec.egress.slice(0, -1), undefined]);
  });

  it('has the command where the README says it is', () => {
    const cli = instructionsOf(parseDockerfile(readText('infra/docker/Dockerfile')), 'cli');
    expect(lastOf(cli, 'ENTRYPOINT')).toContain(`${lastOf(cli, 'WORKDIR')}/bin/callpost.js`);
    expect(readText('infra/kubernetes/README.md')).toContain('-- node bin/callpost.js');
  });

  it('waits, and ends at once when told to', async () => {
    const [command = '', ...args] = containersOf(toolbox)[0].command as string[];
    const child = spawn(command, args, { stdio: 'ignore' });
    await once(child, 'spawn');
    const exited = once(child, 'exit');
    const killing = setInterval(() => child.kill('SIGTERM'), 100);
    await exited;
    clearInterval(killing);
  });
});

describe('the autoscaler', () => {
  const { spec, metadata } = one('ScaledObject');

  it('never goes below one worker', () => {
    expect(spec.minReplicaCount).toBeGreaterThan(0);
  });

  it.each<[string, string]>(
    spec.triggers.map((trigger: { name: string; metadata: { query: string } }) => [
      trigger.name,
      trigger.metadata.query,
    ]),
  )(
    'by %s asks for the gauges of its own namespace, once a channel, and of none whose brake is on',
    (_, query) => {
      const selectors = [...query.matchAll(/callpost_\w+\{([^}]*)\}/g)];
      expect(selectors).toHaveLength(2);
      for (const [, selector] of selectors) expect(selector).toContain(`namespace="${metadata.namespace}"`);
      expect(query.match(/max by \(channel\) \(callpost_/g)).toHaveLength(2);
      expect(query).toMatch(
        /\* on \(channel\) \(max by \(channel\) \(callpost_channel_brake_seconds\{[^}]*\}\) == bool 0\)/,
      );
      expect(query).toContain('state="waiting"');
    },
  );
});

it('the rules of the Prometheus operator are those of infra/prometheus', () => {
  const generator = fileURLToPath(new URL('../../kubernetes/generate-rules.mjs', import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
});
