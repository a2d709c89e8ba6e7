"""Prints the largest difference between this project's logits and those of transformers: python logits.py FOLDER..."""

import json
import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

sys.path.insert(0, str(Path(__file__).parents[2] / "deploy" / "trainer"))
from forward import HubForward, LlamaForward, SlotCache, forward_for

torch.set_grad_enabled(False)
lengths = torch.tensor([5, 9, 7])
report = []
for folder in sys.argv[1:]:
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    for forward in (forward_for(model, 256), HubForward(model, 256)):
        ids = torch.randint(0, 300, (3, 20), generator=torch.Generator().manual_seed(1))
        cache, worst = SlotCache(), 0.0
        logits, layers = forward.prefill(ids[:, :9], lengths)
        cache.reserve(3, 10, layers)
        cache.put(0, torch.arange(3), layers)
        for step in range(10):
            for row in range(3):
                want = model(ids[row : row + 1, : lengths[row] + step]).logits[0, -1]
                worst = max(worst, (want - logits[row]).abs().max().item())
            at = lengths + step
            cache.reserve(3, int(at.max()) + 1, layers)
            logits = forward.decode(ids[torch.arange(3), at], at, int(at.max()) + 1, cache)
        report.append({"folder": Path(folder).name, "own": isinstance(forward, LlamaForward), "worst": worst})
print(json.dumps(report))
