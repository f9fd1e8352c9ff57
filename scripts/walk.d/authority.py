"""A certificate authority for one walk, so that TLS is checked and not switched off."""

import dataclasses
import datetime
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "localhost"


@dataclasses.dataclass
class Certificate:
    """Files: the authority to trust, the server's chain and its private key."""

    authority: pathlib.Path
    chain: pathlib.Path
    key: pathlib.Path


def issue(folder):
    """A new authority and a certificate for `localhost` that it signed."""
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name = _name("Doorward walk authority")
    root = _builder(root_name, root_name, root_key, is_authority=True).sign(root_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName(NAME)])
    leaf = _builder(_name(NAME), root_name, leaf_key, is_authority=False).add_extension(names, critical=False)
    made = Certificate(folder / "authority.pem", folder / "chain.pem", folder / "key.pem")
    made.authority.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    made.chain.write_bytes(leaf.sign(root_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    made.key.write_bytes(
        leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return made


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject, issuer, key, is_authority):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
