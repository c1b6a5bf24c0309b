"""Ports that are taken are replaced, and both addresses of localhost count."""

import socket
from collections.abc import Iterator

import pytest

from afterglow.api_server import bind, listen
from afterglow.ports import free_or_other, free_port, is_free


@pytest.fixture
def taken() -> Iterator[int]:
    with bind("127.0.0.1", 0) as listening:
        yield listening.getsockname()[1]


def has_ipv6() -> bool:
    try:
        bind("::1", 0).close()
    except OSError:
        return False
    return True


def test_a_free_port_is_kept_without_a_word() -> None:
    said: list[str] = []
    port = free_port()

    assert free_or_other(port, say=said.append) == port
    assert said == []


def test_a_taken_port_is_replaced_and_said_so(taken: int) -> None:
    said: list[str] = []
    other = free_or_other(taken, say=said.append)

    assert other != taken
    assert said == [f"Port {taken} is taken, so {other} it is."]


def test_zero_takes_any_without_a_word() -> None:
    said: list[str] = []

    assert free_or_other(0, say=said.append) > 0
    assert said == []


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_a_port_taken_on_the_other_address_is_taken() -> None:
    with bind("::1", 0) as listening:
        assert not is_free(listening.getsockname()[1])


def test_a_port_is_free_again_after_its_holder_left(taken: int) -> None:
    assert not is_free(taken)
    assert is_free(free_port())


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 here")
def test_localhost_is_both_addresses_on_one_port() -> None:
    sockets = listen("localhost", 0)
    names = [listening.getsockname()[:2] for listening in sockets]
    for listening in sockets:
        listening.close()

    assert [host for host, _ in names] == ["127.0.0.1", "::1"]
    assert len({port for _, port in names}) == 1


def test_another_host_is_one_address() -> None:
    sockets = listen("127.0.0.1", 0)
    for listening in sockets:
        listening.close()

    assert len(sockets) == 1


def test_a_taken_port_is_not_shared(taken: int) -> None:
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken)


def test_connections_wait_in_the_queue_until_a_process_takes_them() -> None:
    (listening,) = listen("127.0.0.1", 0)
    with listening, socket.create_connection(listening.getsockname(), timeout=5) as early:
        early.sendall(b"hello")
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(5) == b"hello"
