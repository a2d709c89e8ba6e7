"""Makes the tokenizer, models/actor, models/critic and models/critic-base from nothing, and measures them: README.md in models/ says how and why.

    python models/recipe/make.py [--out .critique-loop/models] [--work .critique-loop/recipe] [--smoke] [actor critic measured ...]
    python models/recipe/make.py --size 10m [--steps N] [--out .critique-loop/models-10m] [actor critic-base measured]
    python models/recipe/make.py --random FOLDER

Needs dist/ (npm run build), torch and transformers. Uses the first GPU, or the CPU. A product that is there already is kept, so the same
command goes on where it was stopped; naming products makes only those. --smoke makes tiny, useless ones of everything within a minute.
--size 10m makes the models that `study` runs on with a GPU (runs/gpu-study.json): ten times larger, of the same tokenizer and documents, which
it finds in --work; its critic is trained by the study.
"""

import argparse
import itertools
import json
import time
from pathlib import Path

import lm
import numpy
import torch
import world

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("products", nargs="*")
parser.add_argument("--size", choices=["1m", "10m"], default="1m")
parser.add_argument("--steps", type=int, help="of each base that is made: more of them make it stronger")
parser.add_argument("--out", type=Path)
parser.add_argument("--work", type=Path, default=Path(".critique-loop/recipe"))
parser.add_argument("--smoke", action="store_true")
parser.add_argument("--random", type=Path, metavar="FOLDER", help="only write a checkpoint shaped like the actor, with random weights")
args = parser.parse_args()
if args.out is None:
    args.out = Path(".critique-loop", {"1m": "models", "10m": "models-10m"}[args.size])

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
VOCABULARY = 1024
LENGTH = 384
MOST_TOKENS = {"response": 96, "critique": 176}

# Shapes; how the bases are pretrained, in steps of `rows` x 384 tokens; and how the actor is fine-tuned on how much of D_reason and D_refine:
# as in runs/demo.json, and in runs/gpu-study.json.
SIZES = {
    "1m": {
        "actor": {"width": 128, "layers": 4, "heads": 8},
        "critic": {"width": 96, "layers": 4, "heads": 3},
        "steps": {"actor": 3000, "critic": 4000, "critic-base": 4000},
        "rows": 43,
        "rate": 3e-3,
        "iteration 0": {"reason": 300, "refine": 150},
        "fine-tuning": {"epochs": 1, "rate": 1e-3, "rows": 8},
    },
    "10m": {
        "actor": {"width": 384, "layers": 6, "heads": 6},
        "critic": {"width": 384, "layers": 6, "heads": 6},
        "steps": {"actor": 2000, "critic-base": 1500},
        "rows": 128,
        "rate": 1.5e-3,
        "iteration 0": {"reason": 600, "refine": 300},
        "fine-tuning": {"epochs": 2, "rate": 4e-4, "rows": 64},
    },
}
SIZE = SIZES[args.size]
if args.smoke:
    SIZE |= {"steps": dict.fromkeys(SIZE["steps"], 15), "rows": 8, "iteration 0": {"reason": 20, "refine": 10}}
if args.steps:
    SIZE["steps"] = dict.fromkeys(SIZE["steps"], args.steps)

# Documents; critiques of each kind; questions to measure on.
FULL = {"tokenizer": 6000, "actor": 240_000, "critic": 300_000, "critic-base": 200_000, "judged": 16_000, "test": 2000}
SMOKE = {"tokenizer": 600, "actor": 1000, "critic": 1000, "critic-base": 1000, "judged": 40, "test": 20}
COUNT = SMOKE if args.smoke else FULL

began = time.time()


def log(*texts):
    print(f"{time.time() - began:7.1f} s ", *texts, flush=True)


def make_tokenizer(path):
    count = COUNT["tokenizer"]
    documents = [*world.documents("actor-documents", 9, count), *world.documents("critic-documents", 9, 2 * count)]
    texts = [document["prompt"] + document["completion"] for document in documents]
    lm.make_tokenizer(texts, world.templates()["phrases"], VOCABULARY).save_pretrained(path)


def make_documents(kind, path):
    """The documents as tokens, in one file."""
    tokenizer = lm.load_tokenizer(args.work / "tokenizer")
    documents = world.documents(f"{kind}-documents", 1, COUNT[kind])
    encoded = []
    while part := list(itertools.islice(documents, 20_000)):
        encoded += lm.encode(tokenizer, part)
    ids, starts = zip(*encoded)
    lengths = numpy.array([len(row) for row in ids], numpy.int16)
    numpy.savez(path, ids=numpy.concatenate(ids), lengths=lengths, starts=numpy.array(starts, numpy.int16))
    log(f"{len(ids)} {kind} documents, {lengths.sum(dtype=int)} tokens")


def pretrain(kind, path):
    tokenizer = lm.load_tokenizer(args.work / "tokenizer")
    packed = numpy.load(args.work / f"{kind}.npz")
    ends = packed["lengths"].cumsum(dtype=int)
    encoded = [(ids, int(start)) for ids, start in zip(numpy.split(packed["ids"], ends[:-1]), packed["starts"])]
    model = lm.make_model(tokenizer, VOCABULARY, **SIZE["actor" if kind == "actor" else "critic"], seed=1).to(DEVICE)
    steps, started = SIZE["steps"][kind], time.time()
    lm.pretrain(model, encoded, steps=steps, rows=SIZE["rows"], length=LENGTH, rate=SIZE["rate"], seed=1, log=log)
    log(f"{path}: {model.num_parameters()} parameters, {steps * SIZE['rows'] * LENGTH} tokens in {time.time() - started:.0f} s on {DEVICE}")
    lm.renew_unseen(model, numpy.unique(packed["ids"]), seed=1)
    lm.save(model, tokenizer, path)


def make_critic(path):
    """The critic's base, fine-tuned on exact critiques: of what an actor wrote (RG1), and of flawed and of right solutions (RG3)."""
    actor, tokenizer = tuned_actor(seed=82)
    questions = world.rows("questions", split="pretrain", seed=5, first=2_000_000, count=COUNT["judged"])
    prompts = [world.solve(question) for question in questions]
    responses = lm.sample(actor, tokenizer, prompts, max_tokens=MOST_TOKENS["response"], temperature=1.0, seed=5)
    pairs = [{"question": question, "response": response.strip()} for question, response in zip(questions, responses)]
    judged = world.rows("annotate", stdin=pairs)
    rows = [{"prompt": world.critique(row["question"], row["response"]), "completion": row["critique"]} for row in judged]
    documents = world.documents("critic-documents", 6, 2 * COUNT["judged"])
    opening = world.templates()["prompts"]["critique"][0]
    critiques = (document for document in documents if document["prompt"].startswith(opening))
    rows += itertools.islice(critiques, COUNT["judged"])
    critic, tokenizer = lm.load(args.work / "critic-pretrained", DEVICE)
    lm.finetune(critic, lm.encode(tokenizer, rows), epochs=2, rate=1e-3, rows=128, seed=5, log=log)
    lm.save(critic, tokenizer, path)


def tuned_actor(seed):
    """The actor after iteration 0: its base, fine-tuned on D_reason and D_refine."""
    reason = world.rows("questions", split="train", seed=seed, count=SIZE["iteration 0"]["reason"])
    rows = [{"prompt": world.solve(question), "completion": question["solution"]} for question in reason]
    for triple in world.rows("refinements", split="train", seed=seed + 1, count=SIZE["iteration 0"]["refine"]):
        prompt = world.refine(triple["question"], triple["response"], triple["critique"])
        rows.append({"prompt": prompt, "completion": triple["refinement"]})
    actor, tokenizer = lm.load(args.out / "actor", DEVICE)
    lm.finetune(actor, lm.encode(tokenizer, rows), **SIZE["fine-tuning"], seed=seed)
    return actor, tokenizer


def make_measured(path):
    """Greedy accuracy, with and without the critic, on questions that no model has seen."""
    questions = world.rows("questions", split="test", seed=11, count=COUNT["test"])
    base, tokenizer = lm.load(args.out / "actor", DEVICE)
    random = lm.make_model(tokenizer, VOCABULARY, **SIZE["actor"], seed=11).to(DEVICE).eval()
    actor, _ = tuned_actor(seed=11)

    def answer(model, prompts, most=MOST_TOKENS["response"]):
        return lm.sample(model, tokenizer, prompts, max_tokens=most)

    prompts = [world.solve(question) for question in questions]
    measured = {}
    for name, model in {"random weights": random, "base": base, "iteration 0": actor}.items():
        responses = answer(model, prompts)
        right = [world.is_right(*pair) for pair in zip(questions, responses)]
        measured[name] = {"accuracy": share(right), "levels": by_level(questions, right)}
    # `responses` and `right` are now those of iteration 0.
    for name in (name for name in SIZE["steps"] if name != "actor"):
        critic, _ = lm.load(args.out / name, DEVICE)
        asked = [world.critique(*pair) for pair in zip(questions, responses)]
        critiques = answer(critic, asked, MOST_TOKENS["critique"])
        verdicts = [world.verdict(critique) for critique in critiques]
        refined = answer(actor, [world.refine(*parts) for parts in zip(questions, responses, critiques)])
        better = [world.is_right(*pair) for pair in zip(questions, refined)]
        final = [new if said is False else old for new, said, old in zip(better, verdicts, right)]
        measured[f"iteration 0 with {name}"] = {"accuracy": share(final), "levels": by_level(questions, final)}
        measured[name] = {
            "says right of right answers": share([said is True for said, ok in zip(verdicts, right) if ok]),
            "says wrong of wrong answers": share([said is False for said, ok in zip(verdicts, right) if not ok]),
            "gives no verdict": share([said is None for said in verdicts]),
            "helpfulness": share([new for new, ok in zip(better, right) if not ok]),
            "right made wrong where all are refined": share([not new for new, ok in zip(better, right) if ok]),
        }
    path.write_text(json.dumps(measured, indent=2) + "\n")
    print(path.read_text())


def share(hits):
    """Percent, with Wilson's 95 % interval, and of how many."""
    n, z = len(hits), 1.96
    if n == 0:
        return None
    p = sum(hits) / n
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    low, high = (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)
    return {"percent": round(100 * p, 1), "low": round(100 * max(0.0, low), 1), "high": round(100 * high, 1), "n": n}


def by_level(questions, hits):
    levels = [[hit for question, hit in zip(questions, hits) if question["level"] == level] for level in range(1, 6)]
    return [round(100 * sum(level) / len(level), 1) for level in levels]


PRODUCTS = {
    "tokenizer": (args.work / "tokenizer", make_tokenizer),
    "actor-documents": (args.work / "actor.npz", lambda path: make_documents("actor", path)),
    "actor": (args.out / "actor", lambda path: pretrain("actor", path)),
    "critic-documents": (args.work / "critic.npz", lambda path: make_documents("critic", path)),
    "critic-pretrained": (args.work / "critic-pretrained", lambda path: pretrain("critic", path)),
    "critic": (args.out / "critic", make_critic),
    "critic-base-documents": (args.work / "critic-base.npz", lambda path: make_documents("critic-base", path)),
    "critic-base": (args.out / "critic-base", lambda path: pretrain("critic-base", path)),
    "measured": (args.out / "measured.json", make_measured),
}
if "critic" not in SIZE["steps"]:
    for name in ("critic-documents", "critic-pretrained", "critic"):
        del PRODUCTS[name]

if args.random:
    tokenizer = lm.load_tokenizer(Path(__file__).parents[1] / "actor")
    lm.save(lm.make_model(tokenizer, VOCABULARY, **SIZE["actor"], seed=1), tokenizer, args.random)
else:
    for folder in (args.out, args.work):
        folder.mkdir(parents=True, exist_ok=True)
    for name in args.products or PRODUCTS:
        path, make = PRODUCTS[name]
        if path.exists():
            log(f"{path} is there")
            continue
        log(f"making {path}")
        make(path)
