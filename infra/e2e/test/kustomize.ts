import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, parse as parseYaml } from 'yaml';
import { ROOT } from './deployment-compose.js';

/** A Kubernetes resource, as far as this file has to know one. */
export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: a test reads where the schemas have already checked.
  [field: string]: any;
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

interface ConfigMapArgs {
  readonly name: string;
  readonly behavior?: string;
  readonly literals: readonly string[];
}

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly namespace?: string;
  readonly images?: readonly { name: string; newName: string; newTag: string }[];
  readonly configMapGenerator?: readonly ConfigMapArgs[];
  readonly patches?: readonly { target: { kind: string; name: string }; patch: string }[];
}

const UNDERSTOOD = new Set([
  'apiVersion',
  'kind',
  'resources',
  'components',
  'namespace',
  'images',
  'configMapGenerator',
  'patches',
]);

/** What `kustomize build` puts behind a generated name, and here stands for it. */
const HASH = '-HASH';

/**
 * What `kustomize build` makes of a folder, for the few of its features that infra/kubernetes uses. Any other feature
 * throws, so that this never quietly builds something else. (The real one's output was compared with this.)
 */
export function buildOverlay(folder: string): Resource[] {
  const resources = build(folder, []);
  const generated = new Set(resources.filter(({ kind }) => kind === 'ConfigMap').map(nameOf));
  for (const resource of resources) referHashed(resource, generated);
  return resources;
}

function build(folder: string, base: readonly Resource[]): Resource[] {
  const kustomization = readKustomization(folder);
  let resources = [...base, ...(kustomization.resources ?? []).flatMap((path) => load(join(folder, path)))];
  for (const args of kustomization.configMapGenerator ?? []) resources = withConfigMap(resources, args);
  for (const path of kustomization.components ?? []) resources = build(join(folder, path), resources);
  for (const { target, patch } of kustomization.patches ?? []) {
    const found = resources.filter(
      ({ kind, metadata }) => kind === target.kind && metadata.name === target.name,
    );
    if (found.length === 0) throw new Error(`${folder}: no ${target.kind} ${target.name} to patch`);
    for (const resource of found) for (const one of parseYaml(patch) as Operation[]) apply(resource, one);
  }
  for (const { name, newName, newTag } of kustomization.images ?? []) {
    for (const container of resources.flatMap(containersOf)) {
      if (container.image === name) container.image = `${newName}:${newTag}`;
    }
  }
  const { namespace } = kustomization;
  if (namespace !== undefined) for (const { metadata } of resources) metadata.namespace = namespace;
  return resources;
}

function readKustomization(folder: string): Kustomization {
  const kustomization = parseYaml(readFileSync(join(ROOT, folder, 'kustomization.yaml'), 'utf8'));
  const unknown = Object.keys(kustomization).filter((key) => !UNDERSTOOD.has(key));
  if (unknown.length > 0) throw new Error(`${folder}: not understood here: ${unknown}`);
  return kustomization;
}

function load(path: string): Resource[] {
  if (!existsSync(join(ROOT, path))) throw new Error(`${path} does not exist`);
  if (statSync(join(ROOT, path)).isDirectory()) return build(path, []);
  const text = readFileSync(join(ROOT, path), 'utf8');
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw new Error(`${path}: ${document.errors[0]?.message}`);
    return document.toJS() as Resource;
  });
}

function withConfigMap(resources: Resource[], { name, behavior, literals }: ConfigMapArgs): Resource[] {
  const data = Object.fromEntries(literals.map((literal) => literal.split(/=(.*)/s).slice(0, 2)));
  const existing = resources.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name);
  if (behavior === 'merge' && existing) {
    existing.data = { ...existing.data, ...data };
    return resources;
  }
  if (behavior !== undefined || existing)
    throw new Error(`ConfigMap ${name}: ${behavior} is not possible here`);
  return [...resources, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data }];
}

/** `replace` and `add` of RFC 6902. */
function apply(resource: Resource, { op, path, value }: Operation): void {
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  // biome-ignore lint/suspicious/noExplicitAny: a path into any resource.
  const parent = keys.reduce((node: any, key) => node[key], resource);
  if (op === 'replace' && !(last in parent)) throw new Error(`nothing at ${path} of ${nameOf(resource)}`);
  if (op === 'add' && Array.isArray(parent))
    parent.splice(last === '-' ? parent.length : Number(last), 0, value);
  else if (op === 'add' || op === 'replace') parent[last] = value;
  else throw new Error(`the operation ${op} is not understood here`);
}

function referHashed(resource: Resource, generated: ReadonlySet<string>): void {
  if (resource.kind === 'ConfigMap') resource.metadata.name += HASH;
  for (const { envFrom = [] } of containersOf(resource)) {
    for (const { configMapRef } of envFrom) {
      if (generated.has(configMapRef?.name)) configMapRef.name += HASH;
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: containers of any workload.
export function containersOf(resource: Resource): any[] {
  return resource.spec?.template?.spec?.containers ?? [];
}

function nameOf({ metadata }: Resource): string {
  return metadata.name;
}
