import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Resource } from './kustomize.js';

/**
 * The schemas of Kubernetes and of the custom resources, as packages carry them. Each says what is missing or of a wrong
 * type; a field that it does not know it lets pass, as a cluster does, so a misspelt one is found by {@link unknownFields}.
 */
const MODELS = {
  ConfigMap: [ConfigMap, 'kubernetes-models/v1/ConfigMap'],
  Deployment: [Deployment, 'kubernetes-models/apps/v1/Deployment'],
  NetworkPolicy: [NetworkPolicy, 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy'],
  PodDisruptionBudget: [PodDisruptionBudget, 'kubernetes-models/policy/v1/PodDisruptionBudget'],
  PrometheusRule: [
    PrometheusRule,
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule',
  ],
  ScaledObject: [ScaledObject, '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'],
  Service: [Service, 'kubernetes-models/v1/Service'],
  ServiceAccount: [ServiceAccount, 'kubernetes-models/v1/ServiceAccount'],
  ServiceMonitor: [
    ServiceMonitor,
    '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor',
  ],
} as const;

/** What the schema of its kind has against a resource; empty when nothing. */
export function schemaFaults(resource: Resource): string[] {
  const model = MODELS[resource.kind as keyof typeof MODELS]?.[0];
  if (model === undefined) return [`no schema for ${resource.kind}`];
  if (model.apiVersion !== resource.apiVersion) return [`${resource.kind} is of ${model.apiVersion}`];
  const made = new (model as new (data: unknown) => { validate(): void })(structuredClone(resource));
  try {
    made.validate();
    return [];
  } catch (error) {
    return [`${resource.kind} ${resource.metadata.name}: ${(error as Error).message}`];
  }
}

/**
 * Fields that no schema knows, at any depth. The types of the same packages know them: each resource is written down as
 * a literal of its type, and the compiler refuses what is too much.
 */
export function unknownFields(resources: readonly Resource[]): string[] {
  const known = resources.filter(({ kind }) => kind in MODELS);
  const types = known.map(({ kind }, index) => {
    const [, module] = MODELS[kind as keyof typeof MODELS];
    return `import type { I${kind} as T${index} } from '${module}';`;
  });
  const literals = known.map(
    (resource, index) => `export const r${index}: T${index} = ${JSON.stringify(resource, null, 1)};`,
  );
  // Inside node_modules, from where the packages resolve and where git does not look.
  const parent = fileURLToPath(new URL('../node_modules/.callpost/', import.meta.url));
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'manifests-'));
  try {
    writeFileSync(join(folder, 'manifests.ts'), [...types, ...literals].join('\n'));
    const options = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--ignoreConfig',
      '--module',
      'nodenext',
      '--types',
      '',
    ];
    const { stdout } = spawnSync(process.execPath, [compiler(), ...options, 'manifests.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return stdout.split('\n').filter((line) => /error TS/.test(line));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compiler(): string {
  const require = createRequire(import.meta.url);
  return join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
}
