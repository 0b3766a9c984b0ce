"""Sealed bytes: encrypted and signed with a key that is derived from the application's secret.

A seal is bound to what it is for (one task), so that a copy of it opens nothing elsewhere. AES-GCM
with a random nonce; keys by HKDF-SHA256, one for each purpose.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

_NONCE = 12  # bytes
_VERSION = b"\x01"


class Sealer:
    """Seals with the first secret; opens with any of them, so that secrets can be changed.

    ``purpose`` tells keys apart that come from the same secret.
    """

    def __init__(self, secrets: Sequence[str | bytes], purpose: str) -> None:
        self._keys = [_derive(_bytes(secret), purpose) for secret in secrets]

    def seal(self, plain: bytes, bound_to: str) -> bytes:
        """Encrypt; only :meth:`open` with the same ``bound_to`` gives it back."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + AESGCM(self._keys[0]).encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, bound_to: str) -> bytes | None:
        """Decrypt; None when it was sealed with another secret or for something else."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        version, nonce, text = sealed[:1], sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        for key in self._keys if version == _VERSION else ():
            try:
                return AESGCM(key).decrypt(nonce, text, bound_to.encode())
            except InvalidTag:
                continue
        return None


@lru_cache(maxsize=64)
def _derive(secret: bytes, purpose: str) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = f"taskrow {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)


def _bytes(secret: str | bytes) -> bytes:
    return secret.encode() if isinstance(secret, str) else secret
