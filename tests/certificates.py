"""Certificates for receivers with TLS: made on the spot, trusted only by the test that asks for them."""

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HOSTS = ("localhost", "127.0.0.1", "::1")


@lru_cache
def server_context(hosts: tuple[str, ...] = _HOSTS, *, expired: bool = False) -> ssl.SSLContext:
    """Return a context for `Receiver(tls=…)` with a self-signed certificate for these names and addresses."""
    certificate, key = _self_signed(hosts, expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:  # load_cert_chain takes paths only
        Path(file.name).write_bytes(certificate + key)
        context.load_cert_chain(file.name)
    return context


def client_context(hosts: tuple[str, ...] = _HOSTS, *, expired: bool = False) -> ssl.SSLContext:
    """Return a context that trusts the certificate of the `server_context` with the same arguments, and no other."""
    certificate, _ = _self_signed(hosts, expired=expired)
    return ssl.create_default_context(cadata=certificate.decode())


def write_certificate(hosts: tuple[str, ...], certificate: Path, key: Path) -> None:
    """Write the certificate of the `server_context` with the same names, and its key, each into a file."""
    for path, content in zip((certificate, key), _self_signed(hosts, expired=False), strict=True):
        path.write_bytes(content)


@lru_cache
def _self_signed(hosts: tuple[str, ...], *, expired: bool) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A receiver in a test")])
    ends = datetime.now(UTC) + timedelta(days=-1 if expired else 1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=2))
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
