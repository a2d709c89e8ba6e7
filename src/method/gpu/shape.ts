/** What of a dense decoder-only transformer decides its memory and its time. */
export interface ModelShape {
  parameters: number;
  /** In bfloat16 unless the checkpoint is quantised, as vLLM holds them. */
  weightBytes: number;
  layers: number;
  width: number;
  heads: number;
  kvHeads: number;
  headSize: number;
  /** Width inside the feed-forward layer. */
  intermediate: number;
  vocabulary: number;
  /** Tokens of prompt and text together. */
  context: number;
}

/** A model whose memory can't be told, with the reason. */
export class UnknownShape extends Error {}

const BYTES: Record<string, number> = { float32: 4, float16: 2, bfloat16: 2 };
const BFLOAT16 = 2;

/**
 * Reads a checkpoint's config.json. Parameters are counted as in Llama: embeddings (twice where they are not tied), and in each layer four
 * projections of attention and three of the feed-forward part. Where the layers are others (experts), the size of the weights counts them.
 * @param fileBytes of all .safetensors files together; null where they are not known
 * @throws UnknownShape
 */
export function readShape(config: Record<string, unknown>, fileBytes: number | null): ModelShape {
  const number = (name: string, otherwise?: number): number => {
    const value = config[name] ?? otherwise;
    if (typeof value === 'number' && value > 0) return value;
    throw new UnknownShape(`its config.json has no ${name}`);
  };
  const layers = number('num_hidden_layers');
  const width = number('hidden_size');
  const heads = number('num_attention_heads');
  const kvHeads = number('num_key_value_heads', heads);
  const headSize = number('head_dim', width / heads);
  const intermediate = number('intermediate_size', 4 * width);
  const vocabulary = number('vocab_size');
  const shape = { layers, width, heads, kvHeads, headSize, intermediate, vocabulary };
  const context = number('max_position_embeddings', 4096);
  const hasExperts = Object.keys(config).some((name) => /experts/.test(name));
  if (fileBytes === null && (hasExperts || config.quantization_config))
    throw new UnknownShape('its layers are not those of Llama, and its .safetensors files are not known');
  const parameters =
    hasExperts && fileBytes !== null
      ? fileBytes / (BYTES[String(config.dtype ?? config.torch_dtype)] ?? BFLOAT16)
      : countParameters(shape, config.tie_word_embeddings === true);
  const weightBytes = config.quantization_config ? fileBytes! : BFLOAT16 * parameters;
  return { ...shape, context, parameters, weightBytes };
}

function countParameters(
  {
    layers,
    width,
    heads,
    kvHeads,
    headSize,
    intermediate,
    vocabulary,
  }: Omit<ModelShape, 'parameters' | 'weightBytes' | 'context'>,
  isTied: boolean,
): number {
  const attention = 2 * width * heads * headSize + 2 * width * kvHeads * headSize;
  const norms = 2 * width;
  const layer = attention + 3 * width * intermediate + norms;
  return (isTied ? 1 : 2) * vocabulary * width + layers * layer + width;
}

/** Of all GPUs together: a key and a value of each layer's KV heads, in bfloat16. */
export const kvBytesPerToken = ({ layers, kvHeads, headSize }: ModelShape): number =>
  2 * layers * kvHeads * headSize * BFLOAT16;
