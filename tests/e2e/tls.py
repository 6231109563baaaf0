"""A proxy that ends TLS and passes on what it gets as it comes, with a certificate of its own."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def certificate(folder: Path) -> Path:
    """One for localhost, for a day, with its key, which nobody trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1))
    signed = made.sign(key, hashes.SHA256())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "proxy.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@contextmanager
def proxy(listener: socket.socket, folder: Path, to: tuple[str, int]) -> Iterator[None]:
    """Answers on `listener` by TLS, and passes everything on to this address without."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate(folder))

    def accept() -> None:
        with suppress(OSError):
            while True:
                caller, _ = listener.accept()
                threading.Thread(target=_pass_on, args=(context, caller, to), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)


def _pass_on(context: ssl.SSLContext, caller: socket.socket, to: tuple[str, int]) -> None:
    with (
        suppress(OSError),
        context.wrap_socket(caller, server_side=True) as outside,
        socket.create_connection(to) as ours,
    ):
        threading.Thread(target=_copy, args=(outside, ours), daemon=True).start()
        _copy(ours, outside)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Until one of both ends; then the other ends too."""
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for one in (source, sink):
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
