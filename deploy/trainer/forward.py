"""The forward passes behind generate.py, over one preallocated key-value cache per batch.

`LlamaForward` computes Llama checkpoints itself (fused projections, norms folded into them): about three times as fast on a
CPU as transformers with its growing cache, which copies every key and value at each step. `HubForward` runs any other
causal language model through transformers, over the same cache. Both give the same logits up to rounding.
"""

import torch
import torch.nn.functional as F
from transformers import DynamicCache, LlamaForCausalLM
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicLayer

ROPE_WITHOUT_STATE = ("default", "linear", "llama3")


class SlotCache:
    """Keys and values of a batch: row = sequence, written in place, live rows always first (0 .. live - 1).

    Per layer, keys are (slots, heads, head size, length), the order in which the query is multiplied with them, and values
    (slots, heads, length, head size).
    """

    def __init__(self):
        self.keys, self.values, self.slots, self.length = [], [], 0, 0

    def reserve(self, slots: int, length: int, like: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Grows to at least `slots` x `length`; `like` holds one layer's (keys, values) each, for shapes and types."""
        if slots <= self.slots and length <= self.length:
            return
        old_slots, old_length = self.slots, self.length
        if slots > old_slots:
            self.slots = max(slots, min(2 * old_slots, old_slots + 64))
        # + 16: rows whose stride is a power of two fall on the same cache lines
        self.length = max(-(-length // 128) * 128 + 16, old_length)
        keys, values = self.keys, self.values
        # zeros, not empty: a NaN left in memory would survive the mask
        self.keys = [k.new_zeros(self.slots, k.shape[1], k.shape[2], self.length) for k, _ in like]
        self.values = [v.new_zeros(self.slots, v.shape[1], self.length, v.shape[3]) for _, v in like]
        for new, old in zip(self.keys, keys):
            new[:old_slots, :, :, :old_length] = old
        for new, old in zip(self.values, values):
            new[:old_slots, :, :old_length] = old

    def put(self, first: int, source: torch.Tensor, layers: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
        """Writes prefilled rows `source` of `layers` to the slots from `first` on."""
        for i, (k, v) in enumerate(layers):
            self.keys[i][first : first + len(source), :, :, : k.shape[3]] = k[source]
            self.values[i][first : first + len(source), :, : v.shape[2]] = v[source]

    def move(self, source: torch.Tensor, target: torch.Tensor, length: int) -> None:
        for k, v in zip(self.keys, self.values):
            k[target, :, :, :length] = k[source, :, :, :length]
            v[target, :, :length] = v[source, :, :length]


def decode_mask(positions: torch.Tensor, length: int, dtype: torch.dtype) -> torch.Tensor:
    """(rows, 1, 1, length): 0 up to each row's position, -inf after it."""
    after = torch.arange(length, device=positions.device) > positions[:, None]
    return torch.zeros(after.shape, dtype=dtype, device=positions.device).masked_fill_(after, float("-inf"))[:, None, None]


class LlamaForward:
    @staticmethod
    def takes(model: torch.nn.Module) -> bool:
        c = model.config
        return (
            type(model) is LlamaForCausalLM
            and c.hidden_act == "silu"
            and not c.attention_bias
            and not c.mlp_bias
            and c.rope_parameters["rope_type"] in ROPE_WITHOUT_STATE
        )

    def __init__(self, model: LlamaForCausalLM, max_length: int):
        c = model.config
        self.heads, self.kv_heads, self.head_size = c.num_attention_heads, c.num_key_value_heads, c.head_dim
        self.embedding = model.model.embed_tokens.weight
        self.layers = []
        for layer in model.model.layers:
            a, m = layer.self_attn, layer.mlp
            qkv = torch.cat([a.q_proj.weight * a.scaling, a.k_proj.weight, a.v_proj.weight])
            gate_up = torch.cat([m.gate_proj.weight, m.up_proj.weight])
            self.layers.append(
                (
                    qkv * layer.input_layernorm.weight,
                    a.o_proj.weight.t(),
                    gate_up * layer.post_attention_layernorm.weight,
                    m.down_proj.weight.t(),
                )
            )
        self.head = model.lm_head.weight * model.model.norm.weight
        self.eps = c.rms_norm_eps
        self.mean = self.embedding.new_full((c.hidden_size, 1), 1 / c.hidden_size)
        cos, sin = model.model.rotary_emb(self.embedding, torch.arange(max_length, device=self.embedding.device)[None])
        # rotate_half(x) * sin = roll(x) * signed sin
        sign = torch.ones_like(sin[0])
        sign[:, : self.head_size // 2] = -1
        self.cos, self.sin = cos[0], sin[0] * sign

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        # the mean as a matrix product: four times as fast as a reduction on a CPU
        return x * torch.rsqrt((x * x) @ self.mean + self.eps)

    def project(self, x: torch.Tensor, qkv: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor):
        """x (rows, width) to rotated queries and keys, and values: (rows, heads, head size) each."""
        split = self.heads + self.kv_heads
        y = F.linear(self.norm(x), qkv).view(len(x), split + self.kv_heads, self.head_size)
        qk = y[:, :split]
        qk = qk * cos + qk.roll(self.head_size // 2, -1) * sin
        return qk[:, : self.heads], qk[:, self.heads :], y[:, split:]

    def finish(self, x: torch.Tensor, attended: torch.Tensor, out: torch.Tensor, gate_up: torch.Tensor, down: torch.Tensor):
        x = torch.addmm(x, attended, out)
        gate, up = F.linear(self.norm(x), gate_up).chunk(2, -1)
        return torch.addmm(x, F.silu(gate).mul_(up), down)

    def prefill(self, ids: torch.Tensor, lengths: torch.Tensor):
        """ids (rows, longest), padded at the right: logits after each prompt (rows, vocabulary), and its keys and values."""
        rows, longest = ids.shape
        x = F.embedding(ids.flatten(), self.embedding)
        cos = self.cos[:longest].repeat(rows, 1)[:, None]
        sin = self.sin[:longest].repeat(rows, 1)[:, None]
        cache = []
        for qkv, out, gate_up, down in self.layers:
            q, k, v = (t.view(rows, longest, -1, self.head_size).transpose(1, 2) for t in self.project(x, qkv, cos, sin))
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1, enable_gqa=self.heads != self.kv_heads)
            x = self.finish(x, y.transpose(1, 2).reshape(rows * longest, -1), out, gate_up, down)
            cache.append((k.transpose(2, 3), v))
        last = torch.arange(rows, device=ids.device) * longest + lengths - 1
        return F.linear(self.norm(x[last]), self.head), cache

    def decode(self, ids: torch.Tensor, positions: torch.Tensor, length: int, cache: SlotCache) -> torch.Tensor:
        """One token a row: ids and positions (rows), written to the cache; `length` = highest position + 1."""
        rows = len(ids)
        row = torch.arange(rows, device=ids.device)
        x = F.embedding(ids, self.embedding)
        cos, sin = F.embedding(positions, self.cos)[:, None], F.embedding(positions, self.sin)[:, None]
        mask = decode_mask(positions, length, x.dtype)
        for i, (qkv, out, gate_up, down) in enumerate(self.layers):
            q, k, v = self.project(x, qkv, cos, sin)
            keys, values = cache.keys[i], cache.values[i]
            keys[row, :, :, positions] = k
            values[row, :, positions] = v
            # the queries that share a key head are the rows of one product
            q = q.reshape(rows, self.kv_heads, -1, self.head_size)
            weights = torch.softmax(torch.matmul(q, keys[:rows, :, :, :length]).add_(mask), -1)
            y = torch.matmul(weights, values[:rows, :, :length]).view(rows, -1)
            x = self.finish(x, y, out, gate_up, down)
        return F.linear(self.norm(x), self.head)


class SlotLayer(CacheLayerMixin):
    """One layer of a SlotCache, as transformers asks for it while decoding one token a row."""

    def __init__(self, cache: SlotCache, index: int, positions: torch.Tensor, length: int):
        self.cache, self.index, self.positions, self.length = cache, index, positions, length
        self.row = torch.arange(len(positions), device=positions.device)
        self.is_initialized = True

    def lazy_initialization(self, key_states, value_states) -> None:
        pass

    def update(self, key_states, value_states, *args, **kwargs):
        keys, values, rows = self.cache.keys[self.index], self.cache.values[self.index], len(self.row)
        keys[self.row, :, :, self.positions] = key_states[:, :, 0]
        values[self.row, :, self.positions] = value_states[:, :, 0]
        return keys[:rows, :, :, : self.length].transpose(2, 3), values[:rows, :, : self.length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self.length, 0

    def get_seq_length(self) -> int:
        return self.length - 1

    def get_max_length(self) -> int:
        return self.length


class HubForward:
    def __init__(self, model: torch.nn.Module, max_length: int):
        self.model = model

    def prefill(self, ids: torch.Tensor, lengths: torch.Tensor):
        cache = DynamicCache()
        # a vocabulary of 150,000 at every position would not fit in memory
        ends, end_of = torch.unique(lengths - 1, return_inverse=True)
        logits = self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=ends).logits
        if not cache.layers or not all(isinstance(layer, DynamicLayer) for layer in cache.layers):
            raise ValueError(f"{type(self.model).__name__} does not keep plain keys and values: this engine can't run it")
        return logits[torch.arange(len(ids), device=ids.device), end_of], [(layer.keys.transpose(2, 3), layer.values) for layer in cache.layers]

    def decode(self, ids: torch.Tensor, positions: torch.Tensor, length: int, cache: SlotCache) -> torch.Tensor:
        layers = [SlotLayer(cache, i, positions, length) for i in range(len(cache.keys))]
        return self.model(
            input_ids=ids[:, None],
            position_ids=positions[:, None],
            attention_mask=decode_mask(positions, length, self.model.dtype),
            past_key_values=Cache(layers=layers),
            use_cache=True,
        ).logits[:, -1]


def forward_for(model: torch.nn.Module, max_length: int) -> LlamaForward | HubForward:
    return LlamaForward(model, max_length) if LlamaForward.takes(model) else HubForward(model, max_length)
