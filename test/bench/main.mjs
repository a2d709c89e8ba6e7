// npm run bench -- NAME [...]: runs `bench` of the NAME.ts beside this file. Node 20 loads no TypeScript, so vitest's server does.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createViteServer } from 'vitest/node';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
const server = await createViteServer({
  root: join(import.meta.dirname, '../..'),
  configFile: false,
  logLevel: 'error',
  appType: 'custom',
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
try {
  const { bench } = await server.ssrLoadModule(`/test/bench/${name}.ts`);
  await bench(args);
} finally {
  await server.close();
}
