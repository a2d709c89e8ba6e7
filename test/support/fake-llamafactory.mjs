// LLaMA-Factory's command line as the product sees it: `train CONFIG` leaves what a trained model and its log look like, and trains nothing.
import { appendFileSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STEPS = 4;
const { output_dir: output, model_name_or_path: base } = JSON.parse(readFileSync(process.argv[3], 'utf8'));
mkdirSync(output, { recursive: true });
for (let step = 1; step <= STEPS; step++) {
  await sleep(1_000);
  const line = { current_steps: step, total_steps: STEPS, loss: 1 / step };
  appendFileSync(join(output, 'trainer_log.jsonl'), `${JSON.stringify(line)}\n`);
}
for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json'])
  copyFileSync(join(base, name), join(output, name));
writeFileSync(join(output, 'model.safetensors'), String(process.pid));
writeFileSync(join(output, 'train_results.json'), JSON.stringify({ train_runtime: STEPS }));
writeFileSync(join(output, 'trainer_state.json'), JSON.stringify({ global_step: STEPS, max_steps: STEPS }));
