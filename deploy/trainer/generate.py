"""Continuous batching: sequences join a running batch at its next step and leave it when they are done.

    Engine   holds the models and the worker threads
    Model    one checkpoint: tokenizer, forward pass, queue of waiting sequences
    Lane     one worker's batch of one model; a worker steps its lanes in turn, so that models share it fairly

On a CPU each worker computes with one thread: independent batches keep two cores busier than one batch split over both.
"""

import json
import random
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from transformers import AutoTokenizer

import checkpoint
from forward import SlotCache, forward_for

PREFILL_TOKENS = 8192  # padded tokens of one prefill: bounds memory, and how long it holds up the other models
JOIN_AT, JOIN_AFTER = 16, 8  # a running batch takes in new sequences once 16 can join, or after 8 steps


class BadCheckpoint(Exception):
    """A folder that can't be served; the message says why."""


@dataclass(eq=False)
class Sequence:
    """One choice of one request. `done` gets the sequence itself, with the fields of the answer filled in."""

    prompt: list[int]
    max_tokens: int
    temperature: float
    top_p: float
    stop: tuple[str, ...]
    seed: int | None  # none: a random one
    choice: int
    logprobs: int | None  # alternatives to report per token
    done: Future = field(default_factory=Future)
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    finish_reason: str = ""
    stop_reason: str | None = None
    # per token: (log probability, [(alternative token, its log probability), ...])
    token_logprobs: list[tuple[float, list[tuple[int, float]]]] = field(default_factory=list)
    cancelled: bool = False

    def uniforms(self) -> np.ndarray:
        """The random number of each position. They depend on nothing else in the batch."""
        return np.random.Generator(np.random.Philox(key=[self.seed, self.choice])).random(self.max_tokens, dtype=np.float32)


class Model:
    def __init__(self, name: str, path: str, device: torch.device, lanes: int, slots: int, cache_bytes: int):
        folder = check_folder(path)
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
            # safetensors only: a pickle can run code
            model = checkpoint.load(folder, dtype, local_files_only=True, use_safetensors=True)
        except Exception as error:
            raise BadCheckpoint(f"{path} can't be loaded: {error}") from error
        model = model.eval().requires_grad_(False).to(device)
        self.name, self.path, self.device, self.created = name, path, device, int(time.time())
        self.max_length = context_length(model.config)
        self.vocabulary = model.config.get_text_config().vocab_size
        self.is_end = torch.zeros(self.vocabulary, dtype=torch.bool)
        ends = model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        self.is_end[[e for e in {*ends, self.tokenizer.eos_token_id} if e is not None]] = True
        self.is_end = self.is_end.to(device)
        with torch.inference_mode():
            self.forward = forward_for(model, self.max_length)
            probe = torch.zeros(1, 2, dtype=torch.long, device=device)
            try:
                _, self.cache_shapes = self.forward.prefill(probe, torch.tensor([2], device=device))
            except Exception as error:
                raise BadCheckpoint(f"{path} can't be run: {error}") from error
        bytes_per_token = sum((k[0, :, :, 0].numel() + v[0, :, 0].numel()) * k.element_size() for k, v in self.cache_shapes)
        self.waiting: deque[Sequence] = deque()
        self.lock = threading.Lock()  # of the queue
        self.lanes = [Lane(self, slots // lanes, cache_bytes // lanes // bytes_per_token) for _ in range(lanes)]
        self.token_texts = None
        self.stop_tables, self.stop_pairs = {}, {}

    def live(self) -> int:
        return sum(lane.live + len(lane.joining) for lane in self.lanes)

    def decode(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def stop_table(self, stop: tuple[str, ...]) -> torch.Tensor:
        """(vocabulary,): which tokens can complete a stop string, so that only after them the text is looked at."""
        table = self.stop_tables.get(stop)
        if table is None:
            if self.token_texts is None:
                self.token_texts = [self.tokenizer.decode([i]) for i in range(self.vocabulary)]
            table = torch.tensor([any(can_complete("", t, s) for s in stop) for t in self.token_texts], device=self.device)
            remember(self.stop_tables, stop, table, 64)
        return table

    def pair_can_stop(self, stop: tuple[str, ...], before: int, last: int) -> bool:
        """Whether `last` can complete a stop string behind `before`: of a stop that ends in a space, hardly a word can."""
        can = self.stop_pairs.get((stop, before, last))
        if can is None:
            text = self.tokenizer.decode([before, last])
            can = any(can_complete(self.token_texts[before], text, s) for s in stop)
            remember(self.stop_pairs, (stop, before, last), can, 100_000)
        return can


def remember(known: dict, key, value, most: int) -> None:
    if len(known) >= most:
        known.clear()
    known[key] = value


def check_folder(path: str) -> str:
    folder = Path(path)
    if not folder.is_dir():
        raise BadCheckpoint(f"{path} is not a folder")
    config = folder / ("adapter_config.json" if (folder / "adapter_config.json").is_file() else "config.json")
    if not config.is_file():
        raise BadCheckpoint(f"{path} has no config.json")
    try:
        json.loads(config.read_text())
    except ValueError as error:
        raise BadCheckpoint(f"{config} is not JSON: {error}") from error
    if not any(folder.glob("*.safetensors")):
        raise BadCheckpoint(f"{path} has no weights (*.safetensors)")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise BadCheckpoint(f"{path} has no tokenizer (tokenizer.json)")
    return str(folder)


def context_length(config) -> int:
    config = config.get_text_config()
    length = getattr(config, "max_position_embeddings", None) or 2048
    # within its window a sliding-window model is an ordinary one
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return min(length, window or length)


def can_complete(before: str, text: str, stop: str) -> bool:
    """Whether a stop string may end in what `text` adds to its beginning, `before`, whatever stands before that."""
    if "\ufffd" in text or not text.startswith(before):  # a part of a character
        return True
    # decoding can lose the leading space
    ends = (t[:n] for t in (text, " " + text) for n in range(len(t) - len(text) + len(before) + 1, len(t) + 1))
    return any(stop.endswith(end) or end.endswith(stop) for end in ends)


class Lane:
    """The rows of a batch. Row r lives in slot r of the cache and in row r of every tensor here; 0 .. live - 1 are in use."""

    def __init__(self, model: Model, slots: int, cache_tokens: int):
        self.model, self.slots, self.cache_tokens = model, max(1, slots), cache_tokens
        self.sequences: list[Sequence] = []
        self.joining: list[Sequence] = []  # taken from the queue, not yet in a row
        self.steps_since_join = 0
        self.cache = SlotCache()
        self.width = 0  # columns of `tokens` and `uniforms`: the largest max_tokens so far
        device = model.device
        # per row: next input token, its position, tokens so far, most tokens
        self.state = torch.zeros(4, self.slots, dtype=torch.long, device=device)
        self.ids, self.positions, self.counts, self.limits = self.state
        self.temperatures = torch.zeros(self.slots, device=device)
        self.top_p = torch.ones(self.slots, device=device)
        self.tokens = torch.zeros(self.slots, 0, dtype=torch.long, device=device)
        self.uniforms = torch.zeros(self.slots, 0, device=device)
        self.completes_stop = torch.zeros(self.slots, model.vocabulary, dtype=torch.bool, device=device)

    @property
    def live(self) -> int:
        return len(self.sequences)

    def step(self) -> list[Sequence]:
        """Lets sequences leave that were cancelled and new ones in, and generates one token for each row."""
        gone = [row for row, s in enumerate(self.sequences) if s.cancelled]
        if gone:
            self.remove(gone)
        finished = []
        if self.live:
            length = int(self.positions[: self.live].max()) + 1
            self.cache.reserve(self.live, length, self.model.cache_shapes)
            logits = self.model.forward.decode(self.ids[: self.live], self.positions[: self.live], length, self.cache)
            finished = self.advance(0, logits)
        self.joining = self.take()
        for group in list(prefill_groups(self.joining)):
            finished += self.join(group)
        if not self.live:
            self.cache = SlotCache()
        return finished

    def fail(self, error: Exception) -> None:
        for s in self.sequences + self.joining:
            if not s.done.done():
                s.done.set_exception(error)
        self.sequences, self.joining, self.cache = [], [], SlotCache()

    def take(self) -> list[Sequence]:
        """What joins now: this lane's fair share of the queue, as far as slots and cache go."""
        model, taken = self.model, []
        self.steps_since_join += 1
        if not model.waiting:
            return taken
        with model.lock:
            share = -(-(model.live() + len(model.waiting)) // len(model.lanes))
            room = min(self.slots, share) - self.live
            if room <= 0 or (self.live and room < JOIN_AT and self.steps_since_join < JOIN_AFTER):
                return taken
            longest = max((len(s.prompt) + s.max_tokens for s in self.sequences), default=0)
            while model.waiting and len(taken) < room:
                s = model.waiting[0]
                longest = max(longest, len(s.prompt) + s.max_tokens)
                if longest * (self.live + len(taken) + 1) > self.cache_tokens and (self.live or taken):
                    break
                model.waiting.popleft()
                if not s.cancelled:
                    taken.append(s)
            self.joining = taken
        self.steps_since_join = 0
        return taken

    def join(self, group: list[Sequence]) -> list[Sequence]:
        """Prefills each distinct prompt once, and puts every sequence in a row of its own."""
        device, first, n = self.model.device, self.live, len(group)
        prompts = list({id(s.prompt): s.prompt for s in group}.values())
        source_of = {id(p): i for i, p in enumerate(prompts)}
        longest = max(map(len, prompts))
        ids = torch.tensor([p + [0] * (longest - len(p)) for p in prompts], device=device)
        lengths = torch.tensor([len(p) for p in prompts], device=device)
        logits, layers = self.model.forward.prefill(ids, lengths)
        source = torch.tensor([source_of[id(s.prompt)] for s in group], device=device)
        self.cache.reserve(first + n, longest + 1, self.model.cache_shapes)
        self.cache.put(first, source, layers)

        self.widen(max(s.max_tokens for s in group))
        rows = slice(first, first + n)
        self.positions[rows] = lengths[source] - 1  # `advance` moves on to the first token's
        self.counts[rows] = 0
        self.limits[rows] = torch.tensor([s.max_tokens for s in group], device=device)
        self.temperatures[rows] = torch.tensor([s.temperature for s in group], device=device)
        self.top_p[rows] = torch.tensor([s.top_p for s in group], device=device)
        for row, s in enumerate(group, first):
            if s.temperature:
                self.uniforms[row, : s.max_tokens] = torch.from_numpy(s.uniforms())
            self.completes_stop[row] = self.model.stop_table(s.stop) if s.stop else False
        self.sequences += group
        self.joining = [s for s in self.joining if s not in set(group)]
        self.look()
        return self.advance(first, logits[source])

    def look(self) -> None:
        """What the rows ask for, so that a step does only that."""
        greedy = [s.temperature == 0 for s in self.sequences]
        self.any_greedy, self.all_greedy = any(greedy), all(greedy)
        self.any_top_p = any(s.top_p < 1 for s in self.sequences)
        self.any_logprobs = any(s.logprobs is not None for s in self.sequences)

    def widen(self, width: int) -> None:
        if width > self.width:
            more = max(width, 2 * self.width) - self.width
            self.tokens = torch.cat([self.tokens, self.tokens.new_zeros(self.slots, more)], 1)
            self.uniforms = torch.cat([self.uniforms, self.uniforms.new_zeros(self.slots, more)], 1)
            self.width += more

    def advance(self, first: int, logits: torch.Tensor) -> list[Sequence]:
        """Samples the next token of the rows from `first` on; takes out and returns the sequences that end with it."""
        rows = slice(first, self.live)
        row = torch.arange(first, self.live, device=logits.device)
        ids = self.sample(rows, row, logits.float())
        if self.any_logprobs:
            self.note_logprobs(first, logits, ids)
        self.tokens[row, self.counts[rows]] = ids
        self.ids[rows] = ids
        self.state[1:3, rows] += 1
        maybe = self.model.is_end[ids] | (self.counts[rows] >= self.limits[rows])
        maybe |= self.completes_stop[rows].gather(1, ids[:, None])[:, 0]
        ended = [r for r in (maybe.nonzero()[:, 0] + first).tolist() if self.ends(r)]
        finished = [self.sequences[r] for r in ended]
        self.remove(ended)
        return finished

    def sample(self, rows: slice, row: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        greedy = logits.argmax(-1) if self.any_greedy else None
        if self.all_greedy:
            return greedy
        temperatures = self.temperatures[rows]
        p = torch.softmax(logits / torch.where(temperatures > 0, temperatures, 1)[:, None], -1)
        if self.any_top_p:
            ordered, order = p.sort(-1, descending=True)
            # a token is kept while those before it hold less than top_p
            ordered[ordered.cumsum(-1) - ordered >= self.top_p[rows][:, None]] = 0
            p = torch.zeros_like(p).scatter_(1, order, ordered)
        cumulative = p.cumsum(-1)
        threshold = self.uniforms[row, self.counts[rows]][:, None] * cumulative[:, -1:]
        ids = torch.searchsorted(cumulative, threshold, right=True)[:, 0].clamp_(max=p.shape[1] - 1)
        return ids if greedy is None else torch.where(temperatures > 0, ids, greedy)

    def note_logprobs(self, first: int, logits: torch.Tensor, ids: torch.Tensor) -> None:
        for i, s in enumerate(self.sequences[first:]):
            if s.logprobs is not None:
                logprobs = torch.log_softmax(logits[i].float(), -1)
                top = logprobs.topk(min(s.logprobs, len(logprobs)))
                s.token_logprobs.append((logprobs[ids[i]].item(), list(zip(top.indices.tolist(), top.values.tolist()))))

    def ends(self, row: int) -> bool:
        s, count = self.sequences[row], int(self.counts[row])
        tokens = self.tokens[row, :count].tolist()
        if s.stop and (count == 1 or self.model.pair_can_stop(s.stop, *tokens[-2:])):
            # a token is at least one byte: these hold every stop string that the last one can complete
            tail = self.model.decode(tokens[-(max(len(x.encode()) for x in s.stop) + 4) :])
            if any(x in tail for x in s.stop):
                text = self.model.decode(tokens)
                at, x = min((text.find(x), x) for x in s.stop if x in text) if any(x in text for x in s.stop) else (-1, "")
                if at >= 0:
                    s.tokens, s.text, s.finish_reason, s.stop_reason = tokens, text[:at], "stop", x
                    return True
        end = bool(self.model.is_end[tokens[-1]])
        if end or count >= s.max_tokens:
            s.tokens, s.text = tokens, self.model.decode(tokens[:-1] if end else tokens)
            s.finish_reason = "stop" if end else "length"
            return True
        return False

    def remove(self, rows: list[int]) -> None:
        """Frees rows by moving the last live ones into the holes."""
        if not rows:
            return
        gone, live = set(rows), self.live - len(rows)
        holes = [r for r in rows if r < live]
        movers = [r for r in range(live, self.live) if r not in gone]
        if holes:
            device = self.model.device
            length = int(self.positions[movers].max()) + 1
            target, source = torch.tensor(holes, device=device), torch.tensor(movers, device=device)
            self.cache.move(source, target, length)
            self.state[:, target] = self.state[:, source]
            for t in (self.temperatures, self.top_p, self.tokens, self.uniforms, self.completes_stop):
                t[target] = t[source]
            for hole, mover in zip(holes, movers):
                self.sequences[hole] = self.sequences[mover]
        del self.sequences[live:]
        self.look()


def prefill_groups(sequences: list[Sequence]):
    """Groups of similar length, so that little is padded, of at most PREFILL_TOKENS each; the choices of a prompt stay together."""
    group, prompts = [], 0
    for s in sorted(sequences, key=lambda s: (len(s.prompt), id(s.prompt))):
        new = not group or s.prompt is not group[-1].prompt
        if new and group and (prompts + 1) * len(s.prompt) > PREFILL_TOKENS:
            yield group
            group, prompts = [], 0
        group.append(s)
        prompts += new
    if group:
        yield group


class Engine:
    def __init__(self, device: str, threads: int, max_batch: int, cache_gib: float):
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        self.device, self.max_batch, self.cache_bytes = torch.device(device), max_batch, int(cache_gib * 2**30)
        self.lanes = min(threads, max_batch) if self.device.type == "cpu" else 1
        self.models: dict[str, Model] = {}
        self.retiring: list[Model] = []  # replaced or unloaded, with sequences in flight
        self.prompt_tokens = self.generation_tokens = 0
        self.work = threading.Condition()
        for lane in range(self.lanes):
            threading.Thread(target=self.worker, args=(lane,), daemon=True).start()

    def load(self, name: str, path: str) -> Model:
        """Loads a checkpoint, or adopts it if it is there already; another path under the same name replaces the old one."""
        if name in self.models and self.models[name].path == path:
            return self.models[name]
        model = Model(name, path, self.device, self.lanes, self.max_batch, self.cache_bytes)
        self.unload(name)
        self.models = {**self.models, name: model}
        return model

    def unload(self, name: str) -> bool:
        model = self.models.get(name)
        if model is None:
            return False
        self.models = {n: m for n, m in self.models.items() if n != name}
        self.retiring = [m for m in self.retiring if m.waiting or m.live()] + [model]
        return True

    def submit(self, model: Model, sequences: list[Sequence]) -> None:
        for s in sequences:
            s.seed = random.getrandbits(63) if s.seed is None else s.seed
            s.done.set_running_or_notify_cancel()  # from here on nobody but a worker settles it
        with model.lock:
            model.waiting.extend(sequences)
        with self.work:
            self.work.notify_all()

    def running(self) -> int:
        return sum(m.live() for m in (*self.models.values(), *self.retiring))

    def queued(self) -> int:
        return sum(len(m.waiting) for m in (*self.models.values(), *self.retiring))

    def worker(self, index: int) -> None:
        if self.device.type == "cpu":
            torch.set_num_threads(1)
        with torch.inference_mode():
            while True:
                lanes = [m.lanes[index] for m in (*self.models.values(), *self.retiring)]
                busy = [lane for lane in lanes if lane.live or lane.model.waiting]
                for lane in busy:
                    try:
                        finished = lane.step()
                    except Exception as error:
                        lane.fail(error)
                        continue
                    for s in finished:
                        s.done.set_result(s)
                    self.generation_tokens += sum(len(s.tokens) for s in finished)
                with self.work:
                    if not busy and not self.queued():
                        self.work.wait()
