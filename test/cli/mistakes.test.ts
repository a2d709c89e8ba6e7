import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FolderStore } from '../../src/backends/storage/store.ts';
import { connect } from '../../src/cli/connect.ts';
import { chooseGpus } from '../../src/cli/preflight/gpus.ts';
import { readRunFile } from '../../src/cli/preflight/run-file.ts';
import { mistakeInPath } from '../../src/cli/read-file.ts';
import { temporaryFolder } from '../support/folder.ts';

afterEach(() => void vi.unstubAllEnvs());

describe('a run file that can not be read', () => {
  async function checksOf(text: string) {
    const folder = await temporaryFolder();
    const file = join(folder, 'run.json');
    await writeFile(file, text);
    return (await readRunFile(file, new FolderStore(folder))).checks;
  }

  it('may be no file, or a folder', async () => {
    const folder = await temporaryFolder();
    expect(mistakeInPath(join(folder, 'x.json'))).toBe(`there is no file ${folder}/x.json`);
    expect(mistakeInPath(folder)).toBe(`${folder} is a folder, expected a file`);
    const { checks } = await readRunFile(folder, new FolderStore(folder));
    expect(checks).toEqual([{ what: folder, ok: false, detail: `${folder} is a folder, expected a file` }]);
  });

  it('may be no JSON', async () => {
    const [check] = await checksOf('{"iterations": 2,}');
    expect(check).toMatchObject({ ok: false, detail: expect.stringMatching(/^expected JSON: .*position 17/) });
  });

  it('is told for an input of which workflow it was taken', async () => {
    const checks = await checksOf('{}');
    expect(checks.map(({ what, detail }) => `${what}: ${detail}`)).toEqual([
      'actor: is missing, expected an object with the "model" of the actor',
      'critic: is missing, expected an object with the "model" of the critic, or null for no critic',
      expect.stringContaining('questions: is missing, expected "source"'),
    ]);
    expect(checks.at(-1)!.notes).toEqual([expect.stringContaining('was taken for an input of evaluate')]);
  });
});

it('GPUs of another machine need their number and their memory', async () => {
  vi.stubEnv('PATH', '');
  await expect(chooseGpus({ gpus: 8 })).rejects.toThrow('--gpu-memory is missing, expected with --gpus');
  await expect(chooseGpus({ gpuMemory: 80 })).rejects.toThrow('--gpus is missing, expected with --gpu-memory');
  expect(await chooseGpus({})).toBeNull();
});

it("a profile of Temporal's that there is not is named", async () => {
  vi.stubEnv('TEMPORAL_PROFILE', 'none');
  await expect(connect()).rejects.toThrow(/^wrong environment: TEMPORAL_PROFILE: got "none": .*not found/);
});

it('wrong variables and a Temporal that does not answer are told without a stack', async () => {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  const { PATH } = process.env;
  const outputOf = (env: NodeJS.ProcessEnv) =>
    new Promise<string>((done) =>
      execFile(process.execPath, [main, 'worker', '--role', 'cpu'], { env: { PATH, ...env } }, (_, __, stderr) =>
        done(stderr),
      ),
    );
  const [wrong, silent] = await Promise.all([
    outputOf({ CRITIQUE_LOOP_STORE: 's3://', CRITIQUE_LOOP_HEALTH_PORT: 'http' }),
    outputOf({ TEMPORAL_ADDRESS: '127.0.0.1:1' }),
  ]);
  expect(wrong).toBe(
    'wrong environment: CRITIQUE_LOOP_STORE: got "s3://", expected s3://bucket or s3://bucket/prefix; ' +
      'CRITIQUE_LOOP_HEALTH_PORT: got "http", expected a whole number from 0 to 65535\n',
  );
  expect(silent).toBe(
    'nothing answers at 127.0.0.1:1: set TEMPORAL_ADDRESS to the host:port of a Temporal server, or TEMPORAL_PROFILE to a profile; "npx critique-loop dev" starts one here\n',
  );
}, 60_000);
