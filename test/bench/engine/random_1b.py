"""Writes a Llama of 1.2 billion random parameters, shaped as Llama 3.2 1B: python random_1b.py FOLDER TOKENIZER_FOLDER"""

import json
import shutil
import sys
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY = 128_256

folder, tokenizer = Path(sys.argv[1]), Path(sys.argv[2])
settings = json.loads((tokenizer / "config.json").read_text())
config = LlamaConfig(
    vocab_size=VOCABULARY,
    hidden_size=2048,
    num_hidden_layers=16,
    num_attention_heads=32,
    num_key_value_heads=8,
    intermediate_size=8192,
    max_position_embeddings=4096,
    tie_word_embeddings=True,
    bos_token_id=None,
    eos_token_id=settings["eos_token_id"],
    pad_token_id=settings["pad_token_id"],
)
torch.manual_seed(1)
torch.set_default_dtype(torch.bfloat16)
with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
    model = LlamaForCausalLM(config)
model.save_pretrained(folder)

# Every token that it may write has a text: what has none would be decoded again with each that follows.
known = json.loads((tokenizer / "tokenizer.json").read_text())
first = max(*known["model"]["vocab"].values(), *(token["id"] for token in known["added_tokens"])) + 1
known["model"]["vocab"] |= {f"\u0120w{i}": i for i in range(first, VOCABULARY)}
(folder / "tokenizer.json").write_text(json.dumps(known))
shutil.copy(tokenizer / "tokenizer_config.json", folder)
