import { type Fault, faultsOf } from '@callpost/domain';
import { z } from 'zod';
import { secretSchema, secretsByPhoneSchema } from './channel-secrets.js';
import { parseJson } from './json.js';

const PORT_ALLOWED = 'a port from 1 to 65535, or 0 for any free one';

const onOrOff = z
  .enum(['on', 'off'], 'on or off (the default)')
  .default('off')
  .transform((word) => word === 'on');

const environmentSchema = z.object({
  SIMULATOR_HOST: z.string().default('127.0.0.1'),
  SIMULATOR_PORT: z
    .string()
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, PORT_ALLOWED)
    .transform(Number)
    .default(8080),
  SIMULATOR_SECRET: secretSchema,
  SIMULATOR_SECRETS: z
    .string()
    .transform((text) => {
      const json = parseJson(Buffer.from(text));
      return json.ok ? json.value : null;
    })
    .pipe(secretsByPhoneSchema)
    .default({}),
  SIMULATOR_DEDUP: onOrOff,
  SIMULATOR_LOG: onOrOff,
});

export interface Config {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly secret: string;
  readonly secrets: Readonly<Record<string, string>>;
  /** Whether an id that was accepted before is left as it is; otherwise it is stored again. */
  readonly dedup: boolean;
  /** Whether every request is written to stdout. */
  readonly log: boolean;
}

export type ReadConfig =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Everything that is wrong with the environment at once. Empty text counts as unset where there is a default. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): ReadConfig {
  const parsed = environmentSchema.safeParse(withoutEmptyTexts(environment));
  if (!parsed.success) return { ok: false, faults: faultsOf(parsed.error, environment, 'environment') };
  const { data } = parsed;
  return {
    ok: true,
    config: {
      host: data.SIMULATOR_HOST,
      port: data.SIMULATOR_PORT,
      secret: data.SIMULATOR_SECRET,
      secrets: data.SIMULATOR_SECRETS,
      dedup: data.SIMULATOR_DEDUP,
      log: data.SIMULATOR_LOG,
    },
  };
}

/** Compose files hand on a variable that is not set as empty text. */
function withoutEmptyTexts(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}
