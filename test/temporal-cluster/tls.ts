import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../src/cli/setup/process.ts';
import { QUEUES } from '../../src/workflows/queues.ts';
import { Authority } from '../support/certificates.ts';
import { anEvaluation, questionsOf } from '../support/evaluate-input.ts';
import { FakeOpenAi } from '../support/fake-openai.ts';
import { temporalCli } from '../support/temporal.ts';
import { type Cluster, startCluster } from '../support/temporal-cluster/cluster.ts';
import { spawnWorker } from '../support/workers.ts';

let folder: string;
let cluster: Cluster;
/** What says which cluster and profile: all that the commands are told. */
const as = (profile: string) => ({ TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'), TEMPORAL_PROFILE: profile });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'critique-loop-tls-'));
  const [ours, theirs] = await Promise.all(
    ['ours', 'theirs'].map(async (name) => {
      await mkdir(join(folder, name));
      return new Authority(join(folder, name));
    }),
  );
  ours!.sign('server', 'DNS:temporal,DNS:localhost');
  const client = ours!.sign('client');
  cluster = await startCluster(join(folder, 'ours'));
  const profile = (name: string, { certificate, key } = client, authority = ours!) => `
    [profile.${name}]
    address = "${cluster.address}"
    namespace = "research"
    [profile.${name}.tls]
    client_cert_path = "${certificate}"
    client_key_path = "${key}"
    server_ca_cert_path = "${authority.certificate}"
  `;
  const profiles = [
    profile('research'),
    profile('stranger', theirs!.sign('stranger')),
    profile('misled', client, theirs),
  ];
  await writeFile(join(folder, 'temporal.toml'), profiles.join('\n'));
});
afterAll(async () => {
  await cluster?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function critiqueLoop(profile: string, ...args: string[]) {
  const { code, lines } = await run(process.execPath, [join(import.meta.dirname, '../../dist/cli/main.js'), ...args], {
    env: { ...process.env, ...as(profile) },
  });
  return { code, lines: lines.filter((line) => !line.startsWith('{')) };
}

test('a profile with a certificate sets the namespace up, and runs an evaluation from the CLI by a worker', async () => {
  expect(await critiqueLoop('research', 'setup-namespace')).toMatchObject({ code: 0 });
  const fake = await FakeOpenAi.start({ questions: questionsOf(20), models: ['actor', 'critic'] });
  const { address } = cluster;
  const worker = await spawnWorker({ roles: 'all', address, store: join(folder, 'store'), env: as('research') });
  try {
    await writeFile(join(folder, 'run.json'), JSON.stringify(anEvaluation({ url: fake.url, tested: 20 })));
    const { code, lines, stdout } = await run(
      temporalCli,
      [
        ...[
          'workflow',
          'execute',
          '--type',
          'evaluate',
          '--task-queue',
          QUEUES.workflows,
          '--workflow-id',
          'by-profile',
        ],
        ...['--input-file', join(folder, 'run.json'), '-o', 'json'],
      ],
      { env: { ...process.env, ...as('research') } },
    );
    expect(code, lines.join('\n')).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'COMPLETED', namespace: 'research' });
  } finally {
    await worker.stop();
    await fake.close();
  }
});

test.each([
  ['stranger', /^localhost:\d+ refuses the client certificate: /],
  ['misled', /^the certificate of localhost:\d+ is not trusted \(UnknownIssuer\): server_ca_cert_path/],
])('the profile "%s" is one clear sentence, for a worker too', async (profile, sentence) => {
  for (const args of [['setup-namespace'], ['worker', '--role', 'cpu']])
    expect(await critiqueLoop(profile, ...args)).toEqual({ code: 1, lines: [expect.stringMatching(sentence)] });
});
