// engine-process.ts starts this with its options as JSON.
import { withModule } from './load.mjs';

await withModule('/test/support/engine-server.ts', ({ serveEngine }) => serveEngine(JSON.parse(process.argv[2])));
