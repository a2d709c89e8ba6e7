"""Tokens of rows as the trainer and as the engine makes them: python tokens.py < rows.json > tokens.json

A row is {"tokenizer", "prompt", "completion"}. The tokenizers are made here: small vocabularies, but the special tokens, the
beginning and the end of text and the chat templates of the models that the prompt families are for. Each row gives
{"asked", "prompt", "completion", "read"}: the tokens of the prompt as serve.py asks a model with them, those of prompt and
completion as train.py learns them, and the text that a model reads before it writes."""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

answers = os.fdopen(os.dup(1), "w")  # train.py keeps standard output to itself
sys.path.insert(0, str(Path(__file__).parents[3] / "deploy" / "trainer"))
import serve
import train

LLAMA_3 = (
    "{% for m in messages %}{{ (bos_token if loop.first else '') + '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n'"
    " + m.content | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
LLAMA_2 = (
    "{% for m in messages %}{% if m.role == 'user' %}{{ bos_token + '[INST] ' + m.content.strip() + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"
)
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
THINKING = CHATML.replace("assistant\n'", "assistant\n<think>\n'")
QWEN_2_5 = "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}" + CHATML

BOT = "<|begin_of_text|>"
HEADERS = [BOT, "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
SEQUENCE = ["<unk>", "<s>", "</s>"]
IM = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
KINDS = {  # special tokens, beginning of text, end of sequence, chat template
    "llama-3": (HEADERS, BOT, "<|end_of_text|>", None),
    "llama-3-instruct": (HEADERS, BOT, "<|eot_id|>", LLAMA_3),
    "llama-3-instruct as first released": (HEADERS, BOT, "<|end_of_text|>", LLAMA_3),
    "llama-2": (SEQUENCE, "<s>", "</s>", None),
    "llama-2-chat": (SEQUENCE, "<s>", "</s>", LLAMA_2),
    "qwen-2.5": (IM, None, "<|endoftext|>", CHATML),
    "qwen-2.5-instruct": (IM, None, "<|im_end|>", QWEN_2_5),
    "qwen-3 thinking": (IM, None, "<|im_end|>", THINKING),
    "qwen-3": (IM, None, "<|im_end|>", CHATML),
}


def make(kind: str, texts: list[str]) -> PreTrainedTokenizerFast:
    special, bos, eos, template = KINDS[kind]
    if special is SEQUENCE:  # as SentencePiece: a space before each word and each text, bytes for what has no token
        tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
        texts = [line for text in texts for line in text.split("\n")]
        first = dict(special_tokens=[*special, *(f"<0x{byte:02X}>" for byte in range(256))])
    else:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        first = dict(special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=700, show_progress=False, **first))
    if bos:
        known = [(bos, tokenizer.token_to_id(bos))]
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=known)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=bos, eos_token=eos, chat_template=template)


def answer(row: dict, tokenizer: PreTrainedTokenizerFast) -> dict:
    model, prompt = SimpleNamespace(tokenizer=tokenizer), row["prompt"]
    if isinstance(prompt, str):
        [asked] = serve.completion_prompts({"prompt": prompt}, model)
    else:
        asked = serve.chat_prompt({"messages": prompt}, model)
    [(learnt, size)] = train.tokenize([row], tokenizer, 100_000, "rows.json")
    read = tokenizer.decode(asked, clean_up_tokenization_spaces=False)
    ids = {"asked": asked, "prompt": learnt[:size], "completion": learnt[size:]}
    return {name: tokenizer.convert_ids_to_tokens(tokens) for name, tokens in ids.items()} | {"read": read}


rows = json.load(sys.stdin)
texts = [row["prompt"] for row in rows if isinstance(row["prompt"], str)]
tokenizers = {kind: make(kind, texts) for kind in KINDS}
print(json.dumps([answer(row, tokenizers[row["tokenizer"]]) for row in rows]), file=answers)
