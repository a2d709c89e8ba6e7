// npm run bench -- NAME [...]: runs `bench` of the NAME.ts beside this file.
import { readdirSync } from 'node:fs';
import { withModule } from '../support/load.mjs';

const [name, ...args] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname).flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []));
if (!names.includes(name)) {
  console.error(`usage: npm run bench -- NAME, where NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}
await withModule(`/test/bench/${name}.ts`, ({ bench }) => bench(args));
