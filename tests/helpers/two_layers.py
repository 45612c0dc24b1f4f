"""Language models of two layers, made on the spot, for trainers: the model is real and draws, but knows nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>", "</tool_call>")
CERTAIN = 100.0
"""Added to a logit, it leaves the others no chance."""


def make_tokenizer(texts: Sequence[str], phrases: bool = False) -> Any:
    """Byte-level BPE, learned from some texts; padding and ends of turns as in Qwen's.

    Args:
        texts: with what is to be said often again and again, so that it has few tokens.
        phrases: whether a token may be longer than a word.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not phrases)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=1000, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left"
    )


def make_model(tokenizer: Any, seed: int = 0) -> Any:
    """Llama with two layers of 32 units and random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


def save(folder: Path, texts: Sequence[str]) -> None:
    """Model and tokenizer in a folder."""
    tokenizer = make_tokenizer(texts)
    make_model(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def saying(tokenizer: Any, header: str, replies: Sequence[str]) -> list[list[Any]]:
    """A ``sequence_bias`` for generation that lets a model say one of these replies after a header, and draw which."""
    start = tokenizer.encode(header, add_special_tokens=False)
    biases: dict[tuple[int, ...], float] = {}
    for reply in replies:
        said = start + tokenizer.encode(reply, add_special_tokens=False)
        biases |= {tuple(said[: end + 1]): CERTAIN for end in range(len(start), len(said))}
    return [[list(tokens), bias] for tokens, bias in biases.items()]
