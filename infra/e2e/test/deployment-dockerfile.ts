import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { ROOT, readText } from './deployment-compose.js';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

export function parseDockerfile(content: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  const uncommented = content.replace(/^\s*#.*\n/gm, '').replace(/\\\n/g, ' ');
  for (const [, name = '', text = ''] of uncommented.matchAll(/^([A-Z]+)\s+(.+)$/gm)) {
    const from = name === 'FROM' ? /^(\S+) AS (\S+)$/.exec(text) : null;
    if (from) stages.push({ name: from[2] ?? '', base: from[1] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text });
  }
  return stages;
}

/** The instructions an image is made of, those of its base stages first. */
export function instructionsOf(stages: readonly Stage[], target: string): Instruction[] {
  const stage = stages.find(({ name }) => name === target);
  return stage === undefined ? [] : [...instructionsOf(stages, stage.base), ...stage.instructions];
}

export function lastOf(instructions: readonly Instruction[], name: string): string {
  return instructions.findLast((instruction) => instruction.name === name)?.text ?? '';
}

/** The arguments of an exec-form ENTRYPOINT or CMD. The shell form throws, since a shell keeps SIGTERM for itself. */
export function execForm(text: string): string[] {
  return JSON.parse(text.slice(text.indexOf('['))) as string[];
}

export function environmentOf(instructions: readonly Instruction[]): Record<string, string> {
  const pairs = instructions
    .filter(({ name }) => name === 'ENV')
    .flatMap(({ text }) => text.split(/\s+/))
    .map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(pairs);
}

/**
 * The file in this repository that a file in an image comes from: through `COPY --from=build` back to the directory
 * that `pnpm deploy` filled, from there to the package, and from its `dist` to its source. What lies in `bin` only
 * imports a file of `dist`.
 */
export function sourceOf(stages: readonly Stage[], target: string, inside: string): string {
  const instructions = instructionsOf(stages, target);
  const built = beforeCopy(instructions, posix.resolve(lastOf(instructions, 'WORKDIR'), inside));
  for (const { text } of instructionsOf(stages, 'build')) {
    const [, name = '', directory = ''] = /--filter=(\S+) .*deploy (\S+)$/.exec(text) ?? [];
    if (directory === '' || !built.startsWith(`${directory}/`)) continue;
    return sourceInPackage(packageDirectory(name), built.slice(directory.length + 1));
  }
  throw new Error(`no pnpm deploy makes ${built}`);
}

function beforeCopy(instructions: readonly Instruction[], inside: string): string {
  const workingDirectory = lastOf(instructions, 'WORKDIR');
  for (const { text } of instructions.filter(({ name }) => name === 'COPY')) {
    const [, from = '', to = ''] = /^--from=build (\S+) (\S+)$/.exec(text) ?? [];
    const copied = posix.resolve(workingDirectory, to.endsWith('/') ? to + posix.basename(from) : to);
    if (from !== '' && `${inside}/`.startsWith(`${copied}/`)) return from + inside.slice(copied.length);
  }
  throw new Error(`no COPY brings ${inside}`);
}

function packageDirectory(name: string): string {
  const directories = readdirSync(`${ROOT}apps`).map((app) => `apps/${app}`);
  const found = directories.find((path) => JSON.parse(readText(`${path}/package.json`)).name === name);
  if (found === undefined) throw new Error(`no app is called ${name}`);
  return found;
}

function sourceInPackage(directory: string, file: string): string {
  const { outDir, rootDir } = JSON.parse(readText(`${directory}/tsconfig.json`)).compilerOptions;
  if (file.startsWith(`${outDir}/`)) {
    return posix.join(directory, rootDir, file.slice(outDir.length).replace(/\.js$/, '.ts'));
  }
  const [, started = ''] = /^import '(\..*)';$/m.exec(readText(posix.join(directory, file))) ?? [];
  if (started === '') throw new Error(`${directory}/${file} imports nothing`);
  return sourceInPackage(directory, posix.join(posix.dirname(file), started));
}
