// Node 20 loads no TypeScript, so vitest's server does: runs `work` with what the file at `path`, from the repository's root, exports.
import { join } from 'node:path';
import { createViteServer } from 'vitest/node';

export async function withModule(path, work) {
  const server = await createViteServer({
    root: join(import.meta.dirname, '../..'),
    configFile: false,
    logLevel: 'error',
    appType: 'custom',
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
  try {
    await work(await server.ssrLoadModule(path));
  } finally {
    await server.close();
  }
}
