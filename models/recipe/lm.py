"""Small Llama models from scratch: their tokenizer, their training and their sampling, in plain PyTorch, on a GPU or a CPU."""

import copy
import itertools
import json
import math
import random
import re
from pathlib import Path

import numpy
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import DynamicCache, GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END, PAD = "<|end_of_text|>", "<|pad|>"
NUMBERS = (
    "two dozen|half a dozen|a dozen|a score|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|eleven|twelve|thirteen|fourteen|fifteen|"
    "sixteen|seventeen|eighteen|nineteen|one|two|three|four|five|six|seven|eight|nine|ten"
)
# Digits, number words and signs stand alone; what lies between them, up to the end of the sentence, may become one token.
PIECES = rf"\d|\b(?:{NUMBERS})\b|\.\n|\n+|(?:(?!\b(?:{NUMBERS})\b)[^\d\n.?!+*/=-])+(?:\.(?!\n)|[?!])?|."


def make_tokenizer(texts, phrases, size):
    """Byte-level BPE of `size` tokens learnt on `texts`; each of `phrases` is one token and survives decoding."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PIECES), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    fixed = re.compile("|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True)))
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(phrases), special_tokens=[END, PAD], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator((part for text in texts for part in fixed.split(text)), trainer)
    tokenizer.add_tokens([AddedToken(phrase, normalized=False, special=False) for phrase in phrases])
    assert tokenizer.get_vocab_size() <= size
    for text in [*texts, "Café №5 \U0001f41f\n\n twenty-two\t14+8=22.", *phrases]:
        assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text, text
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False, model_max_length=1024, padding_side="left"
    )


def make_model(tokenizer, size, width, layers, heads, seed):
    """A Llama of random weights."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=size, hidden_size=width, num_hidden_layers=layers, num_attention_heads=heads, num_key_value_heads=heads,
        intermediate_size=math.ceil(width * 8 / 3 / 16) * 16, max_position_embeddings=1024, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, initializer_range=0.02,
    )  # fmt: skip
    return LlamaForCausalLM(config)


@torch.no_grad()
def renew_unseen(model, seen, seed):
    """
    Fresh random embeddings for all tokens but the `seen` ones, as for tokens that are added to a vocabulary. Pretraining pushes those that
    never occur all the same way (their cosines were 0.99): a model can hardly be taught to tell them apart.
    """
    embeddings = model.get_input_embeddings().weight
    unseen = torch.ones(len(embeddings), dtype=torch.bool)
    unseen[torch.as_tensor(seen, dtype=torch.long)] = False
    spread = embeddings[~unseen].std().item() / 2
    fresh = torch.randn(int(unseen.sum()), embeddings.shape[1], generator=torch.Generator().manual_seed(seed)) * spread
    embeddings[unseen] = fresh.to(embeddings)


def save(model, tokenizer, folder):
    """An ordinary Hugging Face folder, in bfloat16."""
    model = copy.deepcopy(model).to(torch.bfloat16)
    model.generation_config = GenerationConfig(
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    settings = {name: getattr(tokenizer, name) for name in ("eos_token", "pad_token", "model_max_length", "padding_side")}
    settings |= {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    Path(folder, "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    for file in Path(folder).iterdir():
        file.chmod(0o644)


def load(folder, device):
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).to(device)
    return model, load_tokenizer(folder)


def load_tokenizer(folder):
    return PreTrainedTokenizerFast.from_pretrained(folder)


def encode(tokenizer, rows):
    """(ids, where the completion starts) of each (prompt, completion); prompts of base models end where a token ends."""
    prompts = tokenizer([row["prompt"] for row in rows], add_special_tokens=False)["input_ids"]
    completions = tokenizer([row["completion"] + END for row in rows], add_special_tokens=False)["input_ids"]
    return [(numpy.array(prompt + completion, numpy.int16), len(prompt)) for prompt, completion in zip(prompts, completions)]


def pretrain(model, encoded, *, steps, rows, length, rate, seed, log):
    """Rows of whole documents one after the other, each of `length` tokens; as many passes over them as `steps` needs."""
    device = next(model.parameters()).device
    ids, labels = (torch.from_numpy(array).to(device) for array in pack(encoded, length, seed))
    generator = torch.Generator().manual_seed(seed)

    def batches():
        while True:
            for chosen in torch.randperm(len(ids), generator=generator).to(device).split(rows):
                if len(chosen) == rows:
                    yield ids[chosen].long(), labels[chosen].long()

    fit(model, itertools.islice(batches(), steps), steps, rate, log, decay=0.01)


def pack(encoded, length, seed):
    """(ids, labels), both int16 of shape (rows, length). No document is cut."""
    order = list(encoded)
    random.Random(seed).shuffle(order)
    places, row, used = [], 0, 0
    for ids, _ in order:
        if used + len(ids) > length:
            row, used = row + 1, 0
        places.append((row, used))
        used += len(ids)
    packed = numpy.zeros((row + 1, length), numpy.int16)
    labels = numpy.full((row + 1, length), -100, numpy.int16)
    for (ids, start), (row, at) in zip(order, places):
        packed[row, at : at + len(ids)] = ids
        labels[row, at + start : at + len(ids)] = ids[start:]
    return packed, labels


def finetune(model, encoded, *, epochs, rate, rows, seed, log=None):
    """Batches of so many rows, padded to the longest."""
    device = next(model.parameters()).device
    shuffler = random.Random(seed)
    batches = []
    for _ in range(epochs):
        order = list(encoded)
        shuffler.shuffle(order)
        batches += [order[i : i + rows] for i in range(0, len(order), rows)]
    fit(model, (tensors(batch, device) for batch in batches), len(batches), rate, log)
    return len(batches)


def tensors(batch, device):
    width = max(len(ids) for ids, _ in batch)
    ids = numpy.zeros((len(batch), width), numpy.int64)
    labels = numpy.full((len(batch), width), -100, numpy.int64)
    for i, (row, start) in enumerate(batch):
        ids[i, : len(row)] = row
        labels[i, start : len(row)] = row[start:]
    return torch.from_numpy(ids).to(device), torch.from_numpy(labels).to(device)


def fit(model, batches, steps, rate, log, decay=0.0, warmup=0.05):
    """AdamW on the completions' cross-entropy; the rate warms up, then falls as a cosine."""
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=decay, fused=device.type == "cuda")
    model.train()
    for step, (ids, labels) in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate * min((step + 1) / (warmup * steps), 0.5 * (1 + math.cos(math.pi * step / steps)))
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
            logits = model.lm_head(hidden[:, :-1])
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), labels[:, 1:].flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if log and (step % 250 == 0 or step == steps - 1):
            log(f"step {step + 1} of {steps}, loss {loss.item():.4f}")
    model.eval()


@torch.inference_mode()
def sample(model, tokenizer, prompts, *, max_tokens, temperature=0.0, seed=0, batch=2048):
    """What the model goes on with after each prompt, up to the end of the turn; greedy at temperature 0."""
    device = next(model.parameters()).device
    generator = torch.Generator(device).manual_seed(seed)
    encoded = tokenizer(prompts, add_special_tokens=False)["input_ids"]
    order = sorted(range(len(prompts)), key=lambda i: len(encoded[i]))
    texts = [""] * len(prompts)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        width = max(len(encoded[i]) for i in chosen)
        ids = torch.full((len(chosen), width), tokenizer.pad_token_id)
        mask = torch.zeros(len(chosen), width + max_tokens, dtype=torch.long)
        for row, i in enumerate(chosen):
            ids[row, width - len(encoded[i]) :] = torch.tensor(encoded[i])
            mask[row, width - len(encoded[i]) :] = 1
        ids, mask = ids.to(device), mask.to(device)
        positions = (mask[:, :width].cumsum(1) - 1).clamp(min=0)
        cache, written, done = DynamicCache(), [], torch.zeros(len(chosen), dtype=torch.bool, device=device)
        for step in range(max_tokens):
            hidden = model.model(
                input_ids=ids, attention_mask=mask[:, : width + step], position_ids=positions, past_key_values=cache, use_cache=True
            ).last_hidden_state[:, -1]
            logits = model.lm_head(hidden).float()
            if temperature:
                ids = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
            else:
                ids = logits.argmax(-1, keepdim=True)
            ids = ids.masked_fill(done[:, None], tokenizer.pad_token_id)
            written.append(ids)
            done |= ids[:, 0] == tokenizer.eos_token_id
            if step % 8 == 7 and done.all():
                break
            positions = positions[:, -1:] + 1
        outputs = tokenizer.batch_decode(torch.cat(written, 1).tolist())
        for i, output in zip(chosen, outputs):
            texts[i] = output.split(END)[0].split(PAD)[0]
    return texts
