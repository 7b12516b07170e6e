"""The same over TLS: trust, and closing in the middle of an answer."""

import ipaddress
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.dialogporten.errors import ArkivError, ConnectFailed, Context, Stopped
from sync.dialogporten.http import HttpEdge

CONTEXT = Context(at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC), url_path="/x")
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@contextmanager
def tls_server(folder: Path, release: threading.Event | None = None) -> Iterator[tuple[str, Path]]:
    """Answers one connection; with `release` it says nothing until that is set."""
    cert_file, key_file = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            plain, _ = listening.accept()
            plain.settimeout(10)
            with plain, context.wrap_socket(plain, server_side=True) as connection:
                connection.recv(65536)
                if release is None:
                    connection.sendall(WHOLE)
                else:
                    release.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listening.getsockname()[1]}", cert_file
    finally:
        if release is not None:
            release.set()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def test_a_certificate_that_is_trusted_here_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_server(tmp_path) as (host, cert_file):
        monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))
        http = HttpEdge(hosts=frozenset({f"https://{host}"}))
        assert http.get(f"https://{host}/x", context=CONTEXT, bearer="abc").body == b"{}"
        http.close()


def test_one_that_is_not_trusted_is_named_as_the_cause(tmp_path: Path) -> None:
    with tls_server(tmp_path) as (host, _):
        http = HttpEdge(hosts=frozenset({host}))
        with pytest.raises(ConnectFailed, match="certificate") as failed:
            http.get(f"https://{host}/x", context=CONTEXT, bearer="geheim")
        http.close()
        assert "SSL_CERT_FILE" in str(failed.value)
        assert "geheim" not in str(failed.value)


def test_closing_frees_a_thread_that_reads_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    with tls_server(tmp_path, release) as (host, cert_file):
        monkeypatch.setenv("SSL_CERT_FILE", str(cert_file))
        http = HttpEdge(hosts=frozenset({host}))
        ended: list[ArkivError] = []

        def ask() -> None:
            try:
                http.get(f"https://{host}/x", context=CONTEXT)
            except ArkivError as error:
                ended.append(error)

        thread = threading.Thread(target=ask)
        thread.start()
        seen, tick = 0, threading.Event()
        for _ in range(1000):
            frame = sys._current_frames().get(thread.ident or 0)
            # ssl.py's own recv and read sit on top of httpcore's while it waits.
            there = frame is not None and frame.f_code.co_name in ("read", "recv") and "ssl" in frame.f_code.co_filename
            seen = seen + 1 if there else 0
            if seen == 10:
                break
            tick.wait(0.01)
        assert seen == 10, "the thread never read"
        http.close()
        thread.join(5)
        assert not thread.is_alive()
        assert [type(error) for error in ended] == [Stopped]
