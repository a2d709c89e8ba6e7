import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { succeed } from '../support/succeed.ts';

export interface Instruction {
  name: string;
  rest: string;
}

export interface Stage {
  name: string;
  from: string;
  instructions: Instruction[];
}

/** The stages of a Dockerfile; of its syntax only what ours has. */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines) {
    const [, name, rest] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) throw new Error(`no instruction: ${line}`);
    const [from, as, stage] = rest.split(/\s+/);
    if (name === 'FROM') {
      if (as !== 'AS' || !stage) throw new Error(`a stage without a name: ${line}`);
      stages.push({ name: stage, from: from!, instructions: [] });
    } else stages.at(-1)!.instructions.push({ name, rest });
  }
  return stages;
}

export interface Build {
  stages: Stage[];
  /** What the Dockerfile copies from. */
  context: string;
  /** A folder for each stage, which is its root. */
  into: string;
}

/**
 * Does what the stage's COPY and RUN say, below its folder instead of below /, with the programs of this machine. apt-get only
 * simulates, and where `skip` holds a RUN is left out.
 *
 * @returns the folder that stands for WORKDIR
 */
export async function buildStage(build: Build, name: string, skip: (run: string) => boolean = () => false) {
  const { stages, context, into } = build;
  const root = join(into, name);
  let workdir = root;
  for (const { name: instruction, rest } of stages.find((stage) => stage.name === name)!.instructions) {
    if (instruction === 'WORKDIR') {
      workdir = join(root, rest);
      await mkdir(workdir, { recursive: true });
    }
    if (instruction === 'COPY') {
      const [, stage, paths] = /^(?:--from=(\S+) )?(.*)$/.exec(rest)!;
      const from = stage ? join(into, stage) : context;
      const all = paths!.split(/\s+/);
      const to = all.pop()!;
      for (const path of all)
        await cp(join(from, path), to.endsWith('/') ? join(workdir, to, path) : join(workdir, to), {
          recursive: true,
          verbatimSymlinks: true,
        });
    }
    if (instruction === 'RUN' && !skip(rest)) {
      const command = rest
        .replaceAll('apt-get update', 'true')
        .replaceAll('apt-get install -y', 'apt-get install --simulate')
        .replaceAll('rm -rf /var/lib/apt/lists/*', 'true')
        .replaceAll(/(?<=\s|^)\/(?=opt\/|store|cache)/g, `${root}/`);
      await mkdir(join(root, 'opt'), { recursive: true });
      await succeed('/bin/sh', ['-c', command.replaceAll(/&& chown \S+.*$/g, '')], { cwd: workdir });
    }
  }
  return workdir;
}
