"""Loads checkpoints. That of an adapter (adapter_config.json) is merged into its base, which may be another adapter's checkpoint."""

import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM


def base_of(path: str) -> str | None:
    """What an adapter is an adapter of; none where `path` has weights of its own."""
    config = Path(path) / "adapter_config.json"
    return json.loads(config.read_text())["base_model_name_or_path"] if config.is_file() else None


def whole_base_of(path: str) -> str:
    while base := base_of(path):
        path = base
    return path


def load(path: str, dtype: torch.dtype, **options) -> torch.nn.Module:
    base = base_of(path)
    if base is None:
        return AutoModelForCausalLM.from_pretrained(path, dtype=dtype, **options)
    from peft import PeftModel

    return PeftModel.from_pretrained(load(base, torch.float32, **options), path).merge_and_unload().to(dtype)
