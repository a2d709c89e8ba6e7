// npm run test:chaos -- [--kills N] [--seed S] [--json]
import { withModule } from '../support/load.mjs';

await withModule('/test/chaos/chaos.ts', ({ chaos }) => chaos(process.argv.slice(2)));
