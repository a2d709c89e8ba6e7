import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findOnPath } from '../../../src/cli/setup/process.ts';
import { ensurePython } from '../../../src/cli/setup/python.ts';
import { ensureTemporalCli } from '../../../src/cli/setup/temporal-cli.ts';
import { ensureHelm, ensureKeda } from '../../deploy/tools.ts';
import { ensureGoProgram, type GoProgram } from '../../support/go-program.ts';
import { ensureImages, type Images, whyNoImages } from '../../support/images.ts';

const DEBIAN = { etcd: 'etcd-server', containerd: 'containerd', ctr: 'containerd', runc: 'runc' };

/** Sources of programs that are built once. */
const KUBERNETES = join(import.meta.dirname, '..', 'program');
export const KUBEFLOW = join(import.meta.dirname, '..', 'kubeflow');

export async function kubernetesProgram(): Promise<string> {
  const [, version] = /k8s\.io\/kubernetes (\S+)/.exec(await readFile(join(KUBERNETES, 'go.mod'), 'utf8'))!;
  // As its own builds do: without it, it has none, and clients want one.
  const variables = { 'k8s.io/component-base/version.gitVersion': version! };
  return await build({
    name: 'kubernetes',
    what: 'Kubernetes',
    folder: KUBERNETES,
    package: '.',
    minutes: 20,
    variables,
  });
}

/** Of the sandboxes of pods. */
export const pauseProgram = () =>
  build({ name: 'kubernetes-pause', what: 'pause', folder: KUBERNETES, package: './pause', minutes: 1 });

/** With JobSet's controllers. */
export const kubeflowProgram = () =>
  build({ name: 'kubeflow-trainer', what: 'Kubeflow Trainer', folder: KUBEFLOW, package: '.', minutes: 5 });

/** Without its webhooks and its metrics server. */
export const kedaProgram = () =>
  build({
    ...{ name: 'keda', what: 'KEDA', folder: join(import.meta.dirname, '..', 'keda'), minutes: 20 },
    package: 'github.com/kedacore/keda/v2/cmd/operator',
  });

async function build(source: GoProgram): Promise<string> {
  const program = await ensureGoProgram(source);
  if (!program) throw new Error(`${source.what} is built with Go: install it (https://go.dev/dl)`);
  return program;
}

/** What the tests have of the world: inside there is no way out. */
export interface Prepared {
  images: Images;
  helm: string;
  /** Folder of KEDA's source. */
  keda: string;
}

export async function prepare(): Promise<Prepared> {
  for (const [program, of] of Object.entries(DEBIAN))
    if ((await findOnPath(program, process.env)).length === 0)
      throw new Error(`there is no ${program}: apt-get install ${of}`);
  const log = (line: string) => process.stderr.write(`set-up: ${line}\n`);
  for (const ensure of [kubernetesProgram, pauseProgram, kubeflowProgram, kedaProgram]) await ensure();
  await ensureTemporalCli({ log });
  await ensurePython({ log });
  const images = await ensureImages();
  if (!images) throw new Error(`there are no images: ${await whyNoImages()}`);
  return { images, helm: await ensureHelm(), keda: await ensureKeda() };
}

/** As main.mjs hands it on. */
export const prepared = (): Prepared => JSON.parse(process.env.KUBERNETES_PREPARED!);
