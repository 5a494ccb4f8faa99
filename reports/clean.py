"""Takes out of a diagnosis what a terminal, an XML parser or a page must never get."""

from __future__ import annotations

import re
from typing import Any

from lossdoctor.trace.model import Diagnosis
from lossdoctor.trace.store import plain

ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?)")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    """``text`` without terminal escapes and control characters; tabs and line ends stay."""
    return CONTROL.sub("", ANSI.sub("", text.replace("\r\n", "\n")))


def cleaned(diagnosis: Diagnosis) -> Diagnosis:
    """A copy whose every text is printable and whose every number is a plain one."""
    return Diagnosis.from_dict(_walk(plain(diagnosis.to_dict())))


def _walk(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(k): _walk(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_walk(v) for v in value]
    return value
