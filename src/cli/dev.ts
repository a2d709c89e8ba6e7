import { once } from 'node:events';
import { startLocal } from './local.ts';

export async function dev(options: { port?: number; uiPort?: number }): Promise<void> {
  const log = (line: string) => void process.stdout.write(`${line}\n`);
  const local = await startLocal({ log, ...options });
  const address = local.server.address === '127.0.0.1:7233' ? '' : ` --address ${local.server.address}`;
  const codec = local.codecEndpoint === undefined ? '' : `\n  export TEMPORAL_CODEC_ENDPOINT=${local.codecEndpoint}`;
  log(`
Ready. In another terminal (npx critique-loop temporal ... where "temporal" is not on the PATH):
${codec}
  temporal workflow start${address} --type selfImprove --task-queue critique-loop --workflow-id my-run --input-file runs/demo.json
  temporal workflow query${address} --workflow-id my-run --name progress

UI: ${local.server.uiUrl}    Ctrl-C ends everything; what runs goes on at the next start.`);
  try {
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), local.failed]);
  } finally {
    log('stopping');
    await local.stop();
  }
}
