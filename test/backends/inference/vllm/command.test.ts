import { expect, test } from 'vitest';
import { maxSequences, serveCommand } from '../../../../src/backends/inference/vllm/command.ts';
import { OWN_ARGUMENTS } from '../../../../src/config/environment.ts';

const config = { command: ['python3', '-m', 'vllm.entrypoints.cli.main'], args: ['--max-model-len', '4096'] };
const weights = { id: 'x', name: 'actor', path: '/store/actor', architecture: 'a', adapter: null };
const asked = { weights, port: 8123, servedName: 'mine' };

test('serves on loopback only, by its own name, with the given arguments last', () => {
  const { argv, env } = serveCommand(config, asked);
  expect(argv.join(' ')).toBe(
    'python3 -m vllm.entrypoints.cli.main serve /store/actor --host 127.0.0.1 --port 8123 --served-model-name mine ' +
      '--generation-config vllm --enable-sleep-mode --disable-uvicorn-access-log --max-model-len 4096',
  );
  expect(env).toEqual({ VLLM_SERVER_DEV_MODE: '1', VLLM_API_KEY: '' });
});

test('takes adapters where there is one', () => {
  const { argv, env } = serveCommand(config, {
    ...asked,
    weights: { ...weights, adapter: { path: '/store/adapter', rank: 32 } },
  });
  expect(argv).toEqual(expect.arrayContaining(['--enable-lora', '--max-lora-rank', '32']));
  expect(env).toMatchObject({ VLLM_ALLOW_RUNTIME_LORA_UPDATING: 'True' });
});

test('what it sets with a value is refused in CRITIQUE_LOOP_VLLM_ARGS', () => {
  const { argv } = serveCommand(config, { ...asked, weights: { ...weights, adapter: { path: '/a', rank: 16 } } });
  const own = argv.slice(0, argv.indexOf('--max-model-len')).filter((arg) => arg.startsWith('--'));
  const switches = ['--enable-sleep-mode', '--disable-uvicorn-access-log'];
  expect(OWN_ARGUMENTS).toEqual(expect.arrayContaining(own.filter((arg) => !switches.includes(arg))));
});

test('knows how many sequences it decodes at a time', () => {
  expect(maxSequences([])).toBe(1024);
  expect(maxSequences(['--max-num-seqs', '64'])).toBe(64);
  expect(maxSequences(['--max_num_seqs=32', '--enforce-eager'])).toBe(32);
});
