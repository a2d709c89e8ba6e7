// npm run test:chaos -- [--kills N] [--seed S] [--json], or --gpu [--input FILE] [--victims LIST] [--json]
import { withModule } from '../support/load.mjs';

const args = process.argv.slice(2);
if (args.includes('--gpu')) await withModule('/test/chaos/gpu.ts', ({ gpuChaos }) => gpuChaos(args));
else await withModule('/test/chaos/chaos.ts', ({ chaos }) => chaos(args));
