"""Writes a small Llama checkpoint with random weights: python random_checkpoint.py FOLDER SEED [--width 32] [--layers 2] ..."""

import argparse
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, GPTNeoXConfig, LlamaConfig, PreTrainedTokenizerFast, Qwen2Config

TEXT = [
    "Ann has 12 pears. She buys 7 more and gives 4 of them away. How many pears does Ann have?",
    "Ann starts with 12. 12+7=19. 19-4=15. The answer is 15.",
    "Human: Let's break it down step by step:\n\nAssistant: The answer is 3.",
] * 4

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("seed", type=int)
parser.add_argument("--kind", choices=["llama", "gpt_neox", "qwen2"], default="llama")
parser.add_argument("--width", type=int, default=32)
parser.add_argument("--layers", type=int, default=2)
parser.add_argument("--heads", type=int, default=4)
parser.add_argument("--kv-heads", type=int)
parser.add_argument("--context", type=int, default=256)
parser.add_argument("--vocabulary", type=int, default=320)
parser.add_argument("--chat-template", action="store_true")
args = parser.parse_args()

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
trainer = trainers.BpeTrainer(
    vocab_size=args.vocabulary,
    special_tokens=["<|end_of_text|>", "<|pad|>"],
    initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    show_progress=False,
)
tokenizer.train_from_iterator(TEXT, trainer)
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end_of_text|>", pad_token="<|pad|>")
if args.chat_template:
    fast.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
    )
fast.save_pretrained(args.folder)

shape = dict(
    vocab_size=args.vocabulary,
    hidden_size=args.width,
    num_hidden_layers=args.layers,
    num_attention_heads=args.heads,
    intermediate_size=args.width * 8 // 3,
    max_position_embeddings=args.context,
    tie_word_embeddings=True,
    eos_token_id=0,
    pad_token_id=1,
    bos_token_id=None,
    initializer_range=0.2,  # random, but far from uniform: greedy texts differ from prompt to prompt
)
torch.manual_seed(args.seed)
if args.kind == "gpt_neox":
    config = GPTNeoXConfig(**shape)
else:
    kind = LlamaConfig if args.kind == "llama" else Qwen2Config
    config = kind(**shape, num_key_value_heads=args.kv_heads or args.heads)
AutoModelForCausalLM.from_config(config).save_pretrained(args.folder)
