"""Supervised fine-tuning by TRL, from a job in JSON to a Hugging Face checkpoint.

    python train.py job.json

    {"base": "models/actor", "data": "sft.jsonl", "output": "runs/1/actor", "epochs": 3, "learningRate": 1e-3,
     "batchSize": 32, "gradientAccumulation": 1, "maxLength": 512, "warmupRatio": 0.03, "scheduler": "cosine",
     "weightDecay": 0, "maxGradNorm": 1, "saveSteps": 50, "loggingSteps": 5, "seed": 1}

`data` has one {"prompt", "completion"} a line: two strings, or two lists of chat messages. Only completions are learnt, each
with the end-of-text token after it. All weights are trained; the same on a CPU (float32) and on a GPU (bfloat16).

In `output`: checkpoint/ and then result.json, written last; progress.jsonl, the events that also go to stdout; resume/, from
which the same command goes on after a crash, to the same weights; pid; and lock, held while it runs.
Exit codes: 0 done, 2 bad input, 3 another process has this output, 143 stopped by SIGTERM after writing a resume point.
"""

import fcntl
import hashlib
import json
import math
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # until training starts there is nothing to save
events = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever libraries print must not come between the events


class BadInput(Exception):
    pass


# ---- the job

FIELDS = {  # name: (types, what it must be, default; ... where there is none)
    "base": (str, lambda v: v, ...),
    "data": (str, lambda v: v, ...),
    "output": (str, lambda v: v, ...),
    "epochs": ((int, float), lambda v: v > 0, 3),
    "learningRate": ((int, float), lambda v: v > 0, 1e-5),
    "batchSize": (int, lambda v: v > 0, 8),  # rows of one forward pass
    "gradientAccumulation": (int, lambda v: v > 0, 1),  # forward passes of one step
    "maxLength": (int, lambda v: v > 1, 2048),  # tokens of prompt and completion; what is longer is cut at the end
    "warmupRatio": ((int, float), lambda v: 0 <= v <= 1, 0.03),
    "scheduler": (str, lambda v: v in ("linear", "cosine", "constant", "constant_with_warmup"), "cosine"),
    "weightDecay": ((int, float), lambda v: v >= 0, 0),
    "maxGradNorm": ((int, float), lambda v: v > 0, 1),
    "saveSteps": (int, lambda v: v > 0, 500),  # steps from one resume point to the next
    "loggingSteps": (int, lambda v: v > 0, 10),
    "seed": (int, lambda v: 0 <= v < 2**32, 0),
    "dtype": (str, lambda v: v in ("float32", "bfloat16"), None),  # of the computation; weights are kept in float32
}


def read_job(path: str) -> dict:
    try:
        given = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"job {path} can't be read: {error}") from error
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise BadInput(f"job field {unknown[0]} is unknown; there are: {', '.join(FIELDS)}")
    job = {}
    for name, (types, allowed, default) in FIELDS.items():
        value = job[name] = given.get(name, default)
        if value is ...:
            raise BadInput(f"job field {name} is missing")
        if name in given and value is not None and (not isinstance(value, types) or isinstance(value, bool) or not allowed(value)):
            raise BadInput(f"job field {name} has a bad value: {json.dumps(value)}")
    return job


def read_rows(path: str) -> list[dict]:
    def is_text(v):
        messages = isinstance(v, list) and v and all(isinstance(m, dict) and {"role", "content"} <= set(m) for m in v)
        return isinstance(v, str) or messages

    try:
        lines = Path(path).read_text().splitlines()
    except OSError as error:
        raise BadInput(f"job field data: {path} can't be read: {error.strerror}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise BadInput(f"data {path}, row {number} is not JSON: {error}") from error
        for field in ("prompt", "completion"):
            if not isinstance(row, dict) or not is_text(row.get(field)) or type(row["prompt"]) is not type(row[field]):
                got = json.dumps(row.get(field) if isinstance(row, dict) else row)[:80]
                raise BadInput(f"data {path}, row {number}: {field} must be a text or a list of messages (both alike), got {got}")
        rows.append(row)
    if not rows:
        raise BadInput(f"job field data: {path} has no rows")
    return rows


# ---- rows to tokens


def tokenize(rows: list[dict], tokenizer, max_length: int, path: str) -> list[dict]:
    """Prompt and completion are tokenized apart: a served model gets the prompt's tokens alone, so it should learn from them.
    A row whose prompt fills max_length has nothing to learn and is left out."""
    texts = [as_text(tokenizer, row) if isinstance(row["prompt"], list) else (row["prompt"], row["completion"]) for row in rows]
    chat = isinstance(rows[0]["prompt"], list)  # templates write their own special tokens
    prompts = tokenizer([p for p, _ in texts], add_special_tokens=not chat)["input_ids"]
    completions = tokenizer([c for _, c in texts], add_special_tokens=False)["input_ids"]
    end, tokenized = tokenizer.eos_token_id, []
    for prompt, completion in zip(prompts, completions):
        if len(prompt) >= max_length:
            continue
        if end not in completion:
            completion = [*completion, end]
        ids, labels = prompt + completion, [-100] * len(prompt) + completion
        tokenized.append({"input_ids": ids[:max_length], "labels": labels[:max_length]})
    if not tokenized:
        least = min(map(len, prompts))
        raise BadInput(f"data {path}: every prompt has at least {least} tokens, maxLength is {max_length}: nothing is left to learn")
    return tokenized


def as_text(tokenizer, row: dict) -> tuple[str, str]:
    """A chat row by the tokenizer's template; without one, "User: ...\\nAssistant: ...", as serve.py does."""
    if not tokenizer.chat_template:
        prompt = "\n".join(f"{m['role'].capitalize()}: {m['content']}" for m in row["prompt"]) + "\nAssistant:"
        return prompt, " " + row["completion"][0]["content"]
    prompt = tokenizer.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
    whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=False)
    if whole.startswith(prompt):
        return prompt, whole[len(prompt) :]
    # A template that begins the answer itself, with "<think>" for instance: asked with it, so trained with it.
    content = row["completion"][0]["content"].strip()
    if content not in whole:
        raise BadInput(f"the chat template of the checkpoint rewrites the assistant's text: {json.dumps(content[:80])}")
    return prompt, whole[whole.rindex(content) :]


def training_order(lengths: list[int], epochs: float, rows_per_step: int, seed: int) -> list[int]:
    """Row numbers of the whole run. Each epoch is a shuffle; within 32 steps, rows of like length share a step (little padding)."""
    shuffle = random.Random(seed)
    order = []
    for _ in range(math.ceil(epochs)):
        order += shuffle.sample(range(len(lengths)), len(lengths))
    order = order[: max(1, round(epochs * len(lengths)))]
    whole = len(order) // rows_per_step * rows_per_step
    batches = []
    for start in range(0, whole, 32 * rows_per_step):
        near = sorted(order[start : min(start + 32 * rows_per_step, whole)], key=lambda i: lengths[i])
        batches += shuffle.sample(split := [near[i : i + rows_per_step] for i in range(0, len(near), rows_per_step)], len(split))
    return [i for batch in batches for i in batch] + order[whole:]


# ---- files


def write_whole(path: Path, text: str) -> None:
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text)
    sync(temporary)
    temporary.rename(path)


def sync(path: Path) -> None:
    for file in [*path.rglob("*"), path]:
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def last_resume_point(folder: Path) -> str | None:
    """The newest checkpoint-N with its mark of completeness; torn ones, killed while being written, are removed."""
    for torn in (p for p in folder.glob("checkpoint-*") if not (p / "whole").exists()):
        shutil.rmtree(torn)
    points = sorted(folder.glob("checkpoint-*"), key=lambda p: int(p.name.split("-")[1]))
    return str(points[-1]) if points else None


# ---- training


def train(job: dict, rows: list[dict], output: Path, emit) -> int:
    began = time.time()
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Threads that spin while they wait make training ten times slower as soon as another process wants a core; a moment of it
    # spares small models a fifth of their time.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    # these take seconds: not before the job is known to be good
    import torch
    from datasets import Dataset
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback, logging
    from trl import SFTConfig, SFTTrainer

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(job["base"])
        model = AutoModelForCausalLM.from_pretrained(job["base"], dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise BadInput(f"job field base: {job['base']} can't be loaded: {error}") from error
    saved_dtype = AutoConfig.from_pretrained(job["base"]).dtype or torch.float32  # as the base has it

    tokenized = tokenize(rows, tokenizer, job["maxLength"], job["data"])
    rows_per_step = job["batchSize"] * job["gradientAccumulation"]
    lengths = [len(row["input_ids"]) for row in tokenized]
    order = training_order(lengths, job["epochs"], rows_per_step, job["seed"])
    total = math.ceil(len(order) / rows_per_step)
    tokens, cuda = sum(lengths[i] for i in order), torch.cuda.is_available()
    resume = last_resume_point(output / "resume")

    config = SFTConfig(
        output_dir=str(output / "resume"),
        num_train_epochs=1,  # `order` holds all of them
        train_sampling_strategy="sequential",
        per_device_train_batch_size=job["batchSize"],
        gradient_accumulation_steps=job["gradientAccumulation"],
        learning_rate=job["learningRate"],
        lr_scheduler_type=job["scheduler"],
        warmup_steps=math.ceil(job["warmupRatio"] * total),
        weight_decay=job["weightDecay"],
        max_grad_norm=job["maxGradNorm"],
        optim="adamw_torch_fused",
        bf16=(job["dtype"] or ("bfloat16" if cuda else "float32")) == "bfloat16",
        gradient_checkpointing=cuda,  # memory for time; on a CPU there is enough
        save_steps=job["saveSteps"],
        save_total_limit=2,  # the newest may be torn
        logging_steps=job["loggingSteps"],
        logging_nan_inf_filter=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        dataloader_pin_memory=cuda,
        max_length=None,
        use_cpu=not cuda,
        disable_tqdm=True,
        report_to="none",
        seed=job["seed"],
    )

    class Watch(TrainerCallback):
        stopped = False
        since = (0, time.time())  # rows trained, when

        def on_train_begin(self, args, state, control, **_):
            Watch.since = (state.global_step * rows_per_step, time.time())
            signal.signal(signal.SIGTERM, lambda *_: setattr(Watch, "stopped", True))

        def on_step_end(self, args, state, control, **_):
            if Watch.stopped:
                control.should_save = control.should_training_stop = True

        def on_log(self, args, state, control, logs, **_):
            if "loss" not in logs:
                return
            if not math.isfinite(logs["loss"]):
                raise BadInput(f"loss is {logs['loss']} at step {state.global_step}: lower learningRate {job['learningRate']}?")
            done, now = state.global_step * rows_per_step, time.time()
            learnt = sum(lengths[i] for i in order[Watch.since[0] : done])
            epoch, speed = round(min(done, len(order)) / len(tokenized), 3), round(learnt / (now - Watch.since[1]))
            where = {"step": state.global_step, "total": total, "epoch": epoch}
            emit("step", **where, loss=logs["loss"], learningRate=logs["learning_rate"], tokensPerSecond=speed)
            Watch.since = (done, now)

        def on_save(self, args, state, control, **_):
            point = output / "resume" / f"checkpoint-{state.global_step}"
            sync(point)
            (point / "whole").touch()

    class Trainer(SFTTrainer):
        def create_model_card(self, *args, **kwargs):
            pass

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            if cuda:
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            # TRL's loss also scores the prompts and takes entropies on a CPU; the model's own gives the same gradient sooner
            return super(SFTTrainer, self).compute_loss(model, inputs | {"use_cache": False}, return_outputs, num_items_in_batch)

    data = Dataset.from_list(tokenized).select(order)
    trainer = Trainer(model, config, train_dataset=data, processing_class=tokenizer, callbacks=[Watch()])
    trainer.remove_callback(PrinterCallback)
    resumed_from = int(resume.rsplit("-", 1)[1]) if resume else None
    emit("start", rows=len(tokenized), dropped=len(rows) - len(tokenized), tokens=tokens, total_steps=total, resumedFrom=resumed_from)
    trainer.train(resume_from_checkpoint=resume)
    if Watch.stopped and trainer.state.global_step < total:
        return 143

    # ---- the checkpoint, then the result
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    losses = [{"step": e["step"], "loss": e["loss"]} for e in trainer.state.log_history if "loss" in e]
    temporary = output / "checkpoint.tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    trainer.model.to(saved_dtype).save_pretrained(temporary)
    tokenizer.save_pretrained(temporary)
    sync(temporary)
    shutil.rmtree(output / "checkpoint", ignore_errors=True)
    temporary.rename(output / "checkpoint")
    sha = hashlib.sha256()
    for file in sorted((output / "checkpoint").glob("*.safetensors")):
        sha.update(file.read_bytes())
    result = {"steps": trainer.state.global_step, "total": total, "loss": losses[-1]["loss"] if losses else None}
    result |= {"losses": losses, "rows": len(tokenized), "dropped": len(rows) - len(tokenized)}
    result |= {"seconds": round(time.time() - began, 2), "tokens": tokens}
    result |= {"weightsSha256": sha.hexdigest()}
    write_whole(output / "result.json", json.dumps(result))
    emit("done", **{k: v for k, v in result.items() if k != "losses"}, already=False)
    shutil.rmtree(output / "resume")
    return 0


def main() -> int:
    try:
        if len(sys.argv) != 2:
            raise BadInput("usage: python train.py job.json")
        job = read_job(sys.argv[1])
        output = Path(job["output"])
        output.mkdir(parents=True, exist_ok=True)
        lock = open(output / "lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(json.dumps({"event": "error", "message": f"another process is training into {output}"}), file=sys.stderr)
            return 3
        (output / "pid").write_text(str(os.getpid()))
        progress = open(output / "progress.jsonl", "a+")
        progress.seek(max(0, progress.tell() - 1))
        if progress.read(1) not in ("", "\n"):
            progress.write("\n")  # a line cut short by a crash

        def emit(event: str, **fields) -> None:
            line = json.dumps({"event": event, "time": round(time.time(), 3), **fields}) + "\n"
            for stream in (progress, events):
                stream.write(line)
                stream.flush()

        if (output / "result.json").exists():
            result = json.loads((output / "result.json").read_text())
            emit("done", **{k: v for k, v in result.items() if k != "losses"}, already=True)
            return 0
        return train(job, read_rows(job["data"]), output, emit)
    except BadInput as error:
        print(json.dumps({"event": "error", "message": str(error)}), file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
