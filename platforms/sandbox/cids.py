"""Content ids as the AT Protocol makes them: CID v1, SHA-256, over raw bytes or over DAG-CBOR."""

import base64
import hashlib
import struct
from typing import Any

RAW, DAG_CBOR = b"\x55", b"\x71"


def blob_cid(content: bytes) -> str:
    return _cid(RAW, content)


def record_cid(record: Any) -> str:
    return _cid(DAG_CBOR, encode(record))


def _cid(codec: bytes, content: bytes) -> str:
    binary = b"\x01" + codec + b"\x12\x20" + hashlib.sha256(content).digest()
    return "b" + base64.b32encode(binary).decode().rstrip("=").lower()


def binary(cid: str) -> bytes:
    """The bytes of a CID in base32; ValueError where it is none."""
    letters = cid[1:].upper()
    raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    if not cid.startswith("b") or len(raw) != 36 or raw[:1] != b"\x01" or raw[2:4] != b"\x12\x20":
        raise ValueError(cid)
    return raw


def encode(value: Any) -> bytes:
    """DAG-CBOR (RFC 8949, deterministic) of a JSON value; {"$link": cid} becomes a link."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            raw = value.encode()
            return _head(3, len(raw)) + raw
        case list():
            return _head(4, len(value)) + b"".join(encode(item) for item in value)
        case {"$link": str(cid)} if len(value) == 1:
            link = b"\x00" + binary(cid)
            return _head(6, 42) + _head(2, len(link)) + link
        case dict():
            pairs = sorted((name.encode(), item) for name, item in value.items())
            pairs.sort(key=lambda pair: len(pair[0]))
            body = b"".join(_head(3, len(name)) + name + encode(item) for name, item in pairs)
            return _head(5, len(pairs)) + body
    raise ValueError(f"{type(value).__name__} has no place in a record")


def _head(major: int, number: int) -> bytes:
    """The first bytes of an item: its kind, and a number in as few bytes as hold it."""
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 256**size)
    return bytes([major << 5 | 23 + size.bit_length()]) + number.to_bytes(size, "big")
