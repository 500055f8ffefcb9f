"""What the system tells of the processor. Loads no torch, so that it can be asked at every start."""

from __future__ import annotations

from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
#: Instructions of x86 for products of 8 bits: without any of them int8 is computed number by number.
_PRODUCTS_OF_BYTES = frozenset({"avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8"})


def multiplies_bytes() -> bool | None:
    """Whether it has instructions for whole numbers of 8 bits; None where nothing tells (no Linux, or no x86)."""
    try:
        lines = CPUINFO.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), None)
    return None if flags is None else not _PRODUCTS_OF_BYTES.isdisjoint(flags)
