// npm run test:kubernetes -- [what vitest takes]: in namespaces of its own for network, mounts and processes, which end with it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withModule } from '../support/load.mjs';

if (process.platform !== 'linux' || process.getuid() !== 0) {
  console.error('test:kubernetes starts a Kubernetes on this machine: it needs root on Linux');
  process.exit(1);
}
let prepared;
await withModule('/test/kubernetes/support/programs.ts', async ({ prepare }) => {
  prepared = await prepare();
});
const folder = mkdtempSync(join(tmpdir(), 'kubernetes-'));
const vitest = ['npx', 'vitest', 'run', '--config', 'test/kubernetes/vitest.config.ts', ...process.argv.slice(2)];
const inside = 'ip link set lo up && exec "$@"';
const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
const child = spawn('unshare', [...namespaces, 'sh', '-c', inside, 'sh', ...vitest], {
  stdio: 'inherit',
  env: { ...process.env, KUBERNETES_FOLDER: folder, KUBERNETES_PREPARED: JSON.stringify(prepared) },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGKILL'));
child.once('exit', (code) => {
  // Its programs' logs are in it.
  if (code === 0) rmSync(folder, { recursive: true });
  else console.error(`what Kubernetes wrote is in ${folder}`);
  process.exit(code ?? 1);
});
