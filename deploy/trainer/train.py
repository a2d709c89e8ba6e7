"""Supervised fine-tuning by TRL, from a job in JSON to a Hugging Face checkpoint.

    python train.py job.json [--gpu-lock FILE ...]
    python train.py NAME --spare

    {"base": "models/actor", "data": "sft.jsonl", "output": "runs/1/actor", "epochs": 3, "learningRate": 1e-3,
     "batchSize": 32, "gradientAccumulation": 1, "maxLength": 512, "warmupRatio": 0.03, "scheduler": "cosine",
     "weightDecay": 0, "maxGradNorm": 1, "saveSteps": 50, "loggingSteps": 5, "seed": 1}

`data` has one {"prompt", "completion"} a line: two strings, or two lists of chat messages. Only completions are learnt, each
with the end-of-text token after it; the same on a CPU (float32) and on a GPU (bfloat16). All weights are trained, or with
"lora": {"rank": 16, "alpha": 32, "dropout": 0, "targets": "all-linear"} an adapter beside them, and the checkpoint is that adapter.
"processes": n trains on n GPUs, or in n processes on the CPU: a step has batchSize x gradientAccumulation x n rows.

The GPUs are used only while the --gpu-lock files, one for each, are held (lease.py). --spare imports everything beforehand, waits
for a line on stdin, {"job": "job.json", "gpuLocks": []}, and writes a log beside the job; NAME tells it from other processes, and
without a job it ends with stdin.

In `output`: checkpoint/ and then result.json, written last; progress.jsonl, the events that also go to stdout; resume/, from
which the same command goes on after a crash, to the same weights; pid, with the argument by which the process can be known; and
lock, held while it runs.
Exit codes: 0 done, 2 bad input, 3 another process has this output, 143 stopped by SIGTERM after writing a resume point.
"""

import argparse
import fcntl
import hashlib
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

from lease import Lease

signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # until training starts there is nothing to save
events = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # whatever libraries print must not come between the events
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Threads that spin while they wait make training ten times slower as soon as another process wants a core; a moment of it
# spares small models a fifth of their time.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # to ask whether there is a GPU is not to use it


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
    "processes": (int, lambda v: v > 0, 1),  # one on each GPU
    "lora": (dict, lambda v: True, None),  # LORA_FIELDS; none: all weights are trained
    "dtype": (str, lambda v: v in ("float32", "bfloat16"), None),  # of the computation; trained weights are kept in float32
}

LORA_FIELDS = {
    "rank": (int, lambda v: v > 0, 16),
    "alpha": ((int, float), lambda v: v > 0, 32),
    "dropout": ((int, float), lambda v: 0 <= v < 1, 0),
    "targets": ((str, list), lambda v: v == "all-linear" or isinstance(v, list) and v, "all-linear"),  # names of modules
}


def read_job(path: str) -> dict:
    try:
        given = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"job {path} can't be read: {error}") from error
    job = read_fields(given, FIELDS, "job field ")
    if job["lora"] is not None:
        job["lora"] = read_fields(job["lora"], LORA_FIELDS, "job field lora.")
    if Path(job["base"]).is_dir():
        job["base"] = os.path.abspath(job["base"])  # an adapter names its base
    return job


def read_fields(given: dict, fields: dict, label: str) -> dict:
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise BadInput(f"{label}{unknown[0]} is unknown; there are: {', '.join(fields)}")
    values = {}
    for name, (types, allowed, default) in fields.items():
        value = values[name] = given.get(name, default)
        if value is ...:
            raise BadInput(f"{label}{name} is missing")
        if name in given and value is not None and (not isinstance(value, types) or isinstance(value, bool) or not allowed(value)):
            raise BadInput(f"{label}{name} has a bad value: {json.dumps(value)}")
    return values


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


def tokenize(rows: list[dict], tokenizer, max_length: int, path: str) -> list[tuple[list[int], int]]:
    """The tokens of each row, and how many of them are its prompt's. Prompt and completion are tokenized apart: a served model
    gets the prompt's tokens alone, so it should learn from them. A row whose prompt fills max_length has nothing to learn and is
    left out."""
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
        tokenized.append(((prompt + completion)[:max_length], len(prompt)))
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


# ---- several processes


def start_peers(job: str, processes: int) -> list[subprocess.Popen]:
    """The further processes of a fine-tune. Each reads the same job, gets ready, and waits for `go`; it ends with this one."""
    command = [sys.executable, __file__, job]
    peers = [subprocess.Popen([*command, "--rank", str(rank)], stdin=subprocess.PIPE, stdout=2) for rank in range(1, processes)]

    def end_with(rank: int, peer: subprocess.Popen) -> None:
        code = peer.wait()
        if code != 0:  # the others would wait for it for ever
            print(f"process {rank} of this fine-tune ended ({code})", file=sys.stderr, flush=True)
            os._exit(code if code > 0 else 1)

    for rank, peer in enumerate(peers, 1):
        threading.Thread(target=end_with, args=(rank, peer), daemon=True).start()
    return peers


def go(peers: list[subprocess.Popen], resume: str | None) -> dict:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        word = {"port": probe.getsockname()[1], "resume": resume}
    for peer in peers:
        peer.stdin.write(json.dumps(word).encode() + b"\n")
        peer.stdin.flush()
    return word


def wait_for_go() -> dict:
    def end_with_first() -> None:
        sys.stdin.read()
        os._exit(1)

    line = sys.stdin.readline()
    if not line:
        os._exit(1)
    threading.Thread(target=end_with_first, daemon=True).start()
    return json.loads(line)


# ---- training


def import_libraries() -> None:
    """They take seconds: not before the job is known to be good, or else long before there is one."""
    import torch  # noqa: F401
    from datasets import Dataset  # noqa: F401
    from trl import SFTConfig, SFTTrainer  # noqa: F401

    import checkpoint  # noqa: F401


def needs_checkpointing(model, tokens: int) -> bool:
    """Whether the activations of a batch of so many tokens might not fit on the GPU beside weights, gradients and AdamW's state:
    then they are computed twice, which costs a third more time."""
    import torch

    c = model.config.get_text_config()
    width, inner = c.hidden_size, getattr(c, "intermediate_size", None) or 4 * c.hidden_size
    state = sum(p.numel() * (p.element_size() + (14 if p.requires_grad else 2)) for p in model.parameters())
    activations = tokens * (c.num_hidden_layers * (48 * width + 10 * inner) + 14 * c.vocab_size)
    return state + activations > 0.8 * torch.cuda.mem_get_info()[0]


def train(job: dict, rows: list[dict], output: Path, arguments, emit) -> int:
    began, first = time.time(), arguments.rank == 0
    peers = start_peers(arguments.job, job["processes"]) if first else []
    import_libraries()
    import torch
    from datasets import Dataset
    from torch.nn.utils.rnn import pad_sequence
    from transformers import AutoConfig, AutoTokenizer, PrinterCallback, TrainerCallback, logging, set_seed
    from trl import SFTConfig, SFTTrainer

    import checkpoint

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    warnings.simplefilter("ignore", FutureWarning)
    cuda, processes, lora = torch.cuda.is_available(), job["processes"], job["lora"]
    if cuda and torch.cuda.device_count() < processes:
        raise BadInput(f"job field processes is {processes}, but there are {torch.cuda.device_count()} GPUs")
    bf16 = (job["dtype"] or ("bfloat16" if cuda else "float32")) == "bfloat16"
    try:
        # as the base has it
        saved_dtype = AutoConfig.from_pretrained(checkpoint.whole_base_of(job["base"])).dtype or torch.float32
        tokenizer = AutoTokenizer.from_pretrained(job["base"])
        tokenized = tokenize(rows, tokenizer, job["maxLength"], job["data"])
        # what is only read need not be exact
        model = checkpoint.load(job["base"], torch.bfloat16 if bf16 and lora else torch.float32)
    except (OSError, ValueError) as error:
        raise BadInput(f"job field base: {job['base']} can't be loaded: {error}") from error
    if lora:
        from peft import LoraConfig, get_peft_model

        set_seed(job["seed"])
        shape = {"r": lora["rank"], "lora_alpha": lora["alpha"], "lora_dropout": lora["dropout"]}
        try:
            model = get_peft_model(model, LoraConfig(**shape, target_modules=lora["targets"], task_type="CAUSAL_LM"))
        except ValueError as error:
            raise BadInput(f"job field lora.targets: {error}") from error
        adapter = model.peft_config["default"]
        adapter.base_model_name_or_path, adapter.target_modules = job["base"], sorted(adapter.target_modules)

    rows_per_pass = job["batchSize"] * processes
    rows_per_step = rows_per_pass * job["gradientAccumulation"]
    lengths = [len(tokens) for tokens, _ in tokenized]
    order = training_order(lengths, job["epochs"], rows_per_step, job["seed"])
    total = math.ceil(len(order) / rows_per_step)
    tokens = sum(lengths[i] for i in order)

    # Each process gets as many rows as the others, the last of them perhaps this one, which has nothing to learn.
    nothing = len(tokenized)
    ids = [torch.tensor(tokens) for tokens, _ in tokenized] + [torch.tensor([0])]
    ends = torch.tensor([*lengths, 1])
    begins = torch.tensor([*(prompt for _, prompt in tokenized), 1])
    data = Dataset.from_dict({"row": order + [nothing] * (-len(order) % rows_per_pass)})

    def collate(items: list[dict]) -> dict:
        """Padded at the right, where a causal model needs no mask for it."""
        batch = [item["row"] for item in items]
        padded = pad_sequence([ids[i] for i in batch], batch_first=True)
        position = torch.arange(padded.shape[1])
        learnt = (position >= begins[batch, None]) & (position < ends[batch, None])
        return {"input_ids": padded, "labels": padded.masked_fill(~learnt, -100)}

    # ---- from here on the GPU is used

    if first:
        lease = Lease(arguments.gpu_lock, f"fine-tune into {output}")
        awaited = None

        def tell() -> bool:
            nonlocal awaited
            if lease.holder() != awaited:
                awaited = lease.holder()
                emit("queued", holder=awaited)
            return False

        lease.acquire(tell)
        word = go(peers, last_resume_point(output / "resume"))
    else:
        word = wait_for_go()
    if processes > 1:
        os.environ |= {"RANK": str(arguments.rank), "LOCAL_RANK": str(arguments.rank), "WORLD_SIZE": str(processes)}
        os.environ |= {"LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(word["port"])}
    if cuda:
        torch.cuda.set_device(arguments.rank)
    resume = word["resume"]

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
        bf16=bf16,
        gradient_checkpointing=cuda and needs_checkpointing(model, job["batchSize"] * max(lengths)),
        save_steps=job["saveSteps"],
        save_total_limit=2,  # the newest may be torn
        # each log makes the CPU wait for the GPU
        logging_steps=max(job["loggingSteps"], total // 200) if cuda else job["loggingSteps"],
        logging_nan_inf_filter=False,
        dataset_kwargs={"skip_prepare_dataset": True},
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        accelerator_config={"non_blocking": cuda},
        max_length=None,
        use_cpu=not cuda,
        ddp_find_unused_parameters=False,
        disable_tqdm=True,
        report_to="none",
        seed=job["seed"],
    )
    config._n_gpu = min(config.n_gpu, 1)  # several GPUs only by several processes

    class Watch(TrainerCallback):
        stopped = False
        since = (0, time.time())  # rows trained, when

        def on_train_begin(self, args, state, control, **_):
            Watch.since = (state.global_step * rows_per_step, time.time())
            signal.signal(signal.SIGTERM, lambda *_: setattr(Watch, "stopped", True))

        def on_step_end(self, args, state, control, **_):
            if processes > 1:  # all of them stop at the same step
                stopped = torch.tensor(int(Watch.stopped), device=args.device)
                torch.distributed.all_reduce(stopped)
                Watch.stopped = bool(stopped)
            if Watch.stopped:
                control.should_save = control.should_training_stop = True
            if Watch.stopped or state.global_step == total:
                control.should_log = True

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
            if processes > 1:
                torch.distributed.barrier()  # each writes the state of its own random numbers
            if first:
                sync(point)
                (point / "whole").touch()

    class Trainer(SFTTrainer):
        def create_model_card(self, *args, **kwargs):
            pass

        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            # TRL's loss also takes entropies and waits for them; the model's own gives the same gradient sooner
            return super(SFTTrainer, self).compute_loss(model, inputs | {"use_cache": False}, return_outputs, num_items_in_batch)

    trainer = Trainer(model, config, collate, data, processing_class=tokenizer, callbacks=[Watch()])
    trainer.remove_callback(PrinterCallback)
    resumed_from = int(resume.rsplit("-", 1)[1]) if resume else None
    emit("start", rows=len(tokenized), dropped=len(rows) - len(tokenized), tokens=tokens, total_steps=total, resumedFrom=resumed_from)
    trainer.train(resume_from_checkpoint=resume)
    if processes > 1:
        torch.distributed.destroy_process_group()
    if Watch.stopped and trainer.state.global_step < total:
        return 143
    if not first:
        return 0

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


def wait_for_job() -> tuple[str, list[str]]:
    import_libraries()
    line = sys.stdin.readline()
    if not line:
        os._exit(0)
    given = json.loads(line)
    log = os.open(Path(given["job"]).with_name("log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    for descriptor in (1, 2, events.fileno()):
        os.dup2(log, descriptor)
    return given["job"], given["gpuLocks"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("job")
    parser.add_argument("--spare", action="store_true")
    parser.add_argument("--gpu-lock", action="append", default=[], metavar="FILE")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    name = arguments.job
    try:
        if arguments.spare:
            arguments.job, arguments.gpu_lock = wait_for_job()
        job = read_job(arguments.job)
        output = Path(job["output"])
        if arguments.rank > 0:
            return train(job, read_rows(job["data"]), output, arguments, emit=lambda *_, **__: None)
        output.mkdir(parents=True, exist_ok=True)
        lock = open(output / "lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(json.dumps({"event": "held", "message": f"another process is training into {output}"}), file=sys.stderr)
            return 3
        (output / "pid").write_text(f"{os.getpid()}\n{name}\n")
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
        return train(job, read_rows(job["data"]), output, arguments, emit)
    except BadInput as error:
        print(json.dumps({"event": "error", "message": str(error)}), file=sys.stderr)
        return 2


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the GPU is free sooner than after an orderly farewell
