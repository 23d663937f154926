"""Services that show a certificate of nobody known, or for another host, are not talked to."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from celery import Celery
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured
from kombu.exceptions import OperationalError

from humaneval.config import tls
from humaneval.config.shared_cache import SharedCache
from tests.config.test_settings import started_with
from tests.deploy.caddy import listens
from tests.jobs.platform import ROOT
from tests.needs import missing
from tests.ports import free_port

HERE, ELSEWHERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("redis.example.org")


def certify(folder: Path, host: x509.GeneralName) -> Path:
    """Make a certificate for a host, signed by itself, and its key; return the certificate's file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "An authority of one's own")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([host]), critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    (folder / "certificate.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(pem))
    return folder / "certificate.pem"


@contextmanager
def redis_server(folder: Path, host: x509.GeneralName) -> Iterator[tuple[str, str]]:
    """Run a Redis that shows a certificate for a host; give its address and the certificate."""
    if not shutil.which("redis-server"):
        missing("redis-server is not installed (Debian: apt install redis-server)")
    certificate, port = certify(folder, host), free_port()
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(folder / "key.pem")]
    where = ["--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no", "--dir", str(folder)]
    server = subprocess.Popen(["redis-server", *where, *files, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        while not listens(port):
            assert server.poll() is None, "this Redis knows no TLS"
        yield f"rediss://127.0.0.1:{port}/0", str(certificate)
    finally:
        server.kill()
        server.wait()


def refusal_by_broker(url: str, authorities: str) -> str:
    """Return why a worker or page would not talk to this broker, nothing if it would."""
    app = Celery(broker=url)
    app.conf.broker_use_ssl = tls.of_broker(url, authorities)
    try:
        with app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
            connection.default_channel.client.ping()
    except (OperationalError, redis.ConnectionError) as error:
        return str(error).lower()
    return ""


def refusal_by_cache(url: str, authorities: str) -> str:
    """Return why a web process would not talk to this cache, nothing if it would."""
    cache = SharedCache(url, {"OPTIONS": tls.of_cache(url, authorities)})
    try:
        cache._cache.get_client(None, write=True).ping()
    except redis.ConnectionError as error:
        return str(error).lower()
    return ""


def test_only_certificates_of_known_authorities_are_believed(tmp_path: Path) -> None:
    with redis_server(tmp_path, HERE) as (url, own):
        assert "certificate" in refusal_by_broker(url, "")
        assert "certificate" in refusal_by_cache(url, "")
        assert refusal_by_broker(url, own) == refusal_by_cache(url, own) == ""


def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    with redis_server(tmp_path, ELSEWHERE) as (url, own):
        assert "certificate" in refusal_by_broker(url, own)
        assert "certificate" in refusal_by_cache(url, own)


SHOW = "from humaneval.config import settings as s; "
SHOW += "print(s.CELERY_BROKER_USE_SSL, s.CACHES['default']['OPTIONS'], s.DATABASES['default']['OPTIONS'])"


def test_settings_say_so_to_broker_cache_and_database(tmp_path: Path) -> None:
    own = str(certify(tmp_path, HERE))
    given = {"TLS_CA_FILE": own, "BROKER_URL": "rediss://r/0", "REDIS_URL": "rediss://r/1"}
    database = {"DATABASE_URL": "postgres://u@h/n?sslmode=verify-full"}
    done = started_with(tmp_path, sys.executable, "-c", SHOW, **given, **database)
    assert "'ssl_cert_reqs': <VerifyMode.CERT_REQUIRED: 2>" in done.stdout, done.stderr
    assert done.stdout.count(f"'ssl_ca_certs': '{own}'") == 2
    assert f"'sslrootcert': '{own}'" in done.stdout
    assert "'sslmode': 'verify-full'" in done.stdout


def test_nothing_is_asked_of_connections_without_tls() -> None:
    assert tls.of_broker("redis://r/0", "/etc/ours.pem") is None
    assert tls.of_cache("redis://r/0", "/etc/ours.pem") == {}
    assert tls.of_database({"sslmode": "require"}, "/etc/ours.pem") == {"sslmode": "require"}


@pytest.mark.parametrize(("host", "trusts"), [(HERE, True), (ELSEWHERE, False)])
def test_rabbitmq_must_show_a_certificate_for_its_name(
    tmp_path: Path, host: x509.GeneralName, trusts: bool
) -> None:
    certificate = certify(tmp_path, host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    shaken: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as threads:

        def answer() -> None:
            raw, _address = listener.accept()
            listener.close()  # nobody is here for a second try
            with contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as spoken:
                shaken.append(bool(spoken.recv(8)))  # AMQP's first words, which come after TLS is settled

        server = threads.submit(answer)
        url = f"amqps://user:secret@127.0.0.1:{listener.getsockname()[1]}//"
        app = Celery(broker=url)
        app.conf.broker_use_ssl = tls.of_broker(url, str(certificate))
        with pytest.raises(OSError, match=r"\w"):
            app.connection_for_write().connect()
        server.result(150)
    assert shaken == [True] * trusts


def test_authorities_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="No such file or directory"):
        tls.authorities(str(tmp_path / "nowhere"))
    (tmp_path / "empty").write_text("nothing")
    with pytest.raises(ImproperlyConfigured, match="name a file of certificates"):
        tls.authorities(str(tmp_path / "empty"))


def test_the_large_cluster_checks_whom_it_talks_to() -> None:
    folder = ROOT / "deploy" / "kubernetes" / "large"
    text = "".join(path.read_text() for path in folder.glob("*.yaml"))
    assert "sslmode=verify-full&sslrootcert=" in text
    assert "sslmode=require" not in text
    assert "sslmode: require" not in text
    assert text.count("sslmode: verify-full") == text.count("type: postgresql")
