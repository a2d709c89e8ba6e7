import { expect, test } from 'vitest';
import { lastWords, reasonOf } from '../../../../src/backends/inference/vllm/reasons.ts';

const CORE = '(EngineCore pid=2251) ERROR 11-29 16:31:07 [core.py:1194] ';
const AFTERWARDS = [
  '(APIServer pid=2101) Traceback (most recent call last):',
  '(APIServer pid=2101)   File "/usr/local/bin/vllm", line 8, in <module>',
  '(APIServer pid=2101) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
];

/** As EngineCore logs an exception, and the API server ends after it. */
const coreFails = (...error: string[]) =>
  [
    'INFO 11-29 16:30:40 [api_utils.py:339] vLLM server version 0.23.0',
    `${CORE}EngineCore failed to start.`,
    `${CORE}Traceback (most recent call last):`,
    `${CORE}  File "/usr/local/lib/python3.12/dist-packages/vllm/v1/engine/core.py", line 1168, in run_engine_core`,
    ...error.map((line) => CORE + line),
    ...AFTERWARDS,
  ].join('\n');

test.each([
  [
    coreFails(
      'ValueError: Free memory on device cuda:0 (3.1/139.8 GiB) on startup is less than desired GPU memory utilization (0.92, 128.62 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
    ),
    'EngineUnavailable',
    'another process uses the GPU: Free memory on device cuda:0 (3.1/139.8 GiB) on startup is less than desired GPU memory utilization (0.92, 128.62 GiB); end that process, or lower --gpu-memory-utilization',
  ],
  [
    coreFails(
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 224.00 MiB. GPU 0 has a total capacity of 22.03 GiB of which 118.88 MiB is free. Including non-PyTorch memory, this process has 21.90 GiB memory in use. Of the allocated memory 21.65 GiB is allocated by PyTorch.',
    ),
    'EngineUnavailable',
    /^CUDA out of memory\. Lower --max-model-len or --max-num-seqs, or take more GPUs \(--tensor-parallel-size\)/,
  ],
  [
    coreFails(
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine (this flag also controls CPU memory reservation on the CPU backend, despite its name). See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.',
    ),
    'EngineUnavailable',
    /^No available memory for the cache blocks: raise --gpu-memory-utilization, or take more GPUs/,
  ],
  [
    coreFails(
      "ValueError: To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.25 GiB). Based on the available memory, the estimated maximum model length is 42992. Try increasing `gpu_memory_utilization` (which also controls CPU memory on the CPU backend) or decreasing `max_model_len` when initializing the engine. See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.",
    ),
    'EngineUnavailable',
    "To serve at least one request with the model's max seq len (131072), 16.0 GiB of KV cache is needed, and 5.25 GiB is there: lower --max-model-len (the estimated maximum model length is 42992)",
  ],
  [
    "(APIServer pid=1268) huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/nowhere/model'. Use `repo_type` argument if needed.",
    'ModelNotFound',
    "'/nowhere/model' is neither a folder with a config.json nor a model of the hub",
  ],
  [
    [
      '(APIServer pid=2431) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig',
      "(APIServer pid=2431)   Value error, User-specified max_model_len (100000) is greater than the derived max_model_len (max_position_embeddings=1024.0 or model_max_length=None in model's config.json). To allow overriding this maximum, set the env var VLLM_ALLOW_LONG_MAX_MODEL_LEN=1. [type=value_error, input_value=ArgsKwargs((), {}), input_type=ArgsKwargs]",
    ].join('\n'),
    'EngineFailing',
    "it refuses its configuration: User-specified max_model_len (100000) is greater than the derived max_model_len (max_position_embeddings=1024.0 or model_max_length=None in model's config.json)",
  ],
  [
    [
      '(APIServer pid=2101) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig',
      "(APIServer pid=2101)   Value error, Model architectures ['FooForCausalLM'] are not supported for now. Supported architectures: dict_keys(['LlamaForCausalLM']) [type=value_error, input_value=ArgsKwargs((), {}), input_type=ArgsKwargs]",
    ].join('\n'),
    'ModelNotFound',
    "Model architectures ['FooForCausalLM'] are not supported by this version of vLLM",
  ],
  [
    [
      '(APIServer pid=2101) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig',
      "(APIServer pid=2101)   Value error, User-specified max_model_len (4096) is greater than the derived max_model_len (max_position_embeddings=1024 or model_max_length=None in model's config.json). [type=value_error, input_value=ArgsKwargs((), {}), input_type=ArgsKwargs]",
    ].join('\n'),
    'EngineFailing',
    /^it refuses its configuration: User-specified max_model_len \(4096\) is greater than the derived max_model_len/,
  ],
  [
    coreFails('RuntimeError: Cannot find any model weights with `/store/run/checkpoint`'),
    'ModelNotFound',
    'Cannot find any model weights with `/store/run/checkpoint`',
  ],
  [
    coreFails(
      'safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered',
    ),
    'ModelNotFound',
    /^the weights are not whole: SafetensorError: Error while deserializing header/,
  ],
  [
    [
      "(APIServer pid=2101) OSError: Invalid repository ID or local directory specified: '/store/nothing'.",
      '(APIServer pid=2101) Please verify the following requirements:',
      '(APIServer pid=2101) 1. Provide a valid Hugging Face repository ID.',
    ].join('\n'),
    'ModelNotFound',
    "'/store/nothing' is neither a folder with a config.json nor a model of the hub",
  ],
  [
    'usage: vllm serve [model_tag] [options]\nvllm serve: error: unrecognized arguments: --max-model-length 99',
    'EngineFailing',
    'it refuses CRITIQUE_LOOP_VLLM_ARGS: unrecognized arguments: --max-model-length 99',
  ],
  [
    '(APIServer pid=2101) RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn on verbose logging to help debug the issue.',
    'EngineUnavailable',
    /^it finds no GPU \(Failed to infer device type\): look at nvidia-smi and CUDA_VISIBLE_DEVICES$/,
  ],
  [
    "Traceback (most recent call last):\nModuleNotFoundError: No module named 'vllm'",
    'EngineUnavailable',
    "its installation is not whole: No module named 'vllm'",
  ],
  [
    coreFails('RuntimeError: FlashAttention only supports Ampere GPUs or newer.'),
    'EngineUnavailable',
    'exit code 1: RuntimeError: FlashAttention only supports Ampere GPUs or newer.',
  ],
  ['', 'EngineUnavailable', 'exit code 1'],
])('%s', (log, type, message) => {
  const reason = reasonOf(log, 'exit code 1');
  expect(reason.type).toBe(type);
  if (typeof message === 'string') expect(reason.message).toBe(message);
  else expect(reason.message).toMatch(message);
});

test('the last words are those of vLLM, without what it puts before them', () => {
  const log = [
    '(EngineCore pid=2251) INFO 11-29 16:31:00 [default_loader.py:391] Loading weights took 0.50 seconds',
    '(EngineCore pid=2251) INFO 11-29 16:31:07 [gpu_model_runner.py:4820] Graph capturing finished in 3 secs, took 0.21 GiB',
    'Capturing CUDA graphs (decode, FULL):  97%|█████████▋| 34/35',
    '',
  ].join('\n');
  expect(lastWords(log)).toBe('Graph capturing finished in 3 secs, took 0.21 GiB');
  expect(lastWords('')).toBe('');
});
