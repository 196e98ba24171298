"""Callbacks of WeChat and WeCom: signatures, encryption, XML."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

from .base import Forbidden

BLOCK = 32
HEAD = 20  # 16 random bytes and the length


def signature(*words: str) -> str:
    """The vendor's signature over words in any order."""
    # its protocol, nothing we chose
    return hashlib.sha1("".join(sorted(words)).encode()).hexdigest()  # noqa: S324


def check(given: str, *words: str) -> None:
    """Raise :class:`Forbidden` unless ``given`` is the signature of ``words``."""
    if not hmac.compare_digest(signature(*words), given or ""):
        raise Forbidden


def aes_key(secret: str) -> str:
    """The 43 characters that the vendor's console asks for, from our secret."""
    return hashlib.sha256(f"{secret}aes".encode()).hexdigest()[:43]


def encrypt(key: str, owner: str, text: bytes, head: bytes) -> str:
    """A text as the vendor encrypts it for ``owner``.

    :param head: 16 random bytes
    """
    plain = head + struct.pack(">I", len(text)) + text + owner.encode()
    pad = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(key).encryptor()
    data = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    return base64.b64encode(data).decode()


def decrypt(key: str, owner: str, text: str) -> bytes:
    """The text; :class:`Forbidden` where it is not meant for ``owner``."""
    try:
        decryptor = _cipher(key).decryptor()
        plain = decryptor.update(base64.b64decode(text)) + decryptor.finalize()
        (length,) = struct.unpack(">I", plain[16:HEAD])
        body = plain[HEAD : HEAD + length]
        rest = plain[HEAD + length : -plain[-1]]
    except (binascii.Error, ValueError, struct.error, IndexError) as error:
        raise Forbidden from error
    if rest.decode("utf-8", "replace") != owner:
        raise Forbidden
    return body


def _cipher(key: str) -> Cipher:
    raw = base64.b64decode(f"{key}=")
    return Cipher(algorithms.AES(raw), modes.CBC(raw[:16]))


def read_xml(body: bytes) -> dict[str, str]:
    """The fields of a callback; :class:`Forbidden` where it is no XML.

    No entity is looked up and nothing is fetched.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Forbidden from error
    return {node.tag: node.text or "" for node in root if isinstance(node.tag, str)}


def open_callback(
    query: dict[str, str], body: bytes, token: str, key: str, owner: str
) -> dict[str, str]:
    """The fields of a signed callback, encrypted or not."""
    stamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    fields = read_xml(body)
    sealed = fields.get("Encrypt")
    if sealed:
        check(query.get("msg_signature", ""), token, stamp, nonce, sealed)
        return read_xml(decrypt(key, owner, sealed))
    check(query.get("signature", ""), token, stamp, nonce)
    return fields
