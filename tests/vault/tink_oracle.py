"""Tink itself, to compare our sealed objects with."""

import io

import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

TYPE_URL = "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey"


def encrypt(data: bytes, key: bytes, associated_data: bytes) -> bytes:
    target = _KeptOpen()
    with _primitive(key).new_encrypting_stream(target, associated_data) as stream:
        stream.write(data)
    return target.getvalue()


def decrypt(sealed: bytes, key: bytes, associated_data: bytes) -> bytes:
    with _primitive(key).new_decrypting_stream(io.BytesIO(sealed), associated_data) as stream:
        return bytes(stream.read())


class _KeptOpen(io.BytesIO):
    def close(self) -> None:
        """Stay readable: Tink closes what it writes to."""


def _primitive(key: bytes) -> streaming_aead.StreamingAead:
    streaming_aead.register()
    parameters = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
        ciphertext_segment_size=65536, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
    )
    streaming_key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        params=parameters, key_value=key
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_id=1,
        status=tink_pb2.ENABLED,
        output_prefix_type=tink_pb2.RAW,
        key_data=tink_pb2.KeyData(
            type_url=TYPE_URL,
            value=streaming_key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)
