"""Remedies of the wiring: what else must turn with the axes."""

from __future__ import annotations

import torch

from lossdoctor.remedies.wiring import SetBatchFirst


def test_padding_masks_turn_with_the_axes() -> None:
    layer = torch.nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)
    x, hidden = torch.randn(4, 6, 8), torch.zeros(4, 6, dtype=torch.bool)
    hidden[:, 4:] = True
    remedy = SetBatchFirst({"modules": []})
    given, masks = remedy.forward(layer, (x,), {"src_key_padding_mask": hidden.T, "src_mask": None}, 0)
    assert layer.self_attn.batch_first
    assert torch.equal(masks["src_key_padding_mask"], hidden)
    assert layer(*given, **masks).shape == x.shape
    assert torch.equal(
        remedy.forward(layer, (x,), {"src_key_padding_mask": hidden}, 1)[1]["src_key_padding_mask"], hidden
    )
