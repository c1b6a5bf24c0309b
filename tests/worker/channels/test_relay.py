"""What an SMTP URL says about a relay."""

import pytest

from worker.channels.relay import Encryption, Relay, is_loopback, parse_relay


@pytest.mark.parametrize(
    ("url", "port", "encryption"),
    [
        ("smtps://mail.example", 465, Encryption.IMPLICIT),
        ("smtps://mail.example:4465", 4465, Encryption.IMPLICIT),
        ("smtp://mail.example", 587, Encryption.STARTTLS),
        ("smtp://mail.example:25", 25, Encryption.STARTTLS),
        ("smtp+starttls://localhost:8025", 8025, Encryption.STARTTLS),
        ("smtp://localhost:8025", 8025, Encryption.NONE),
        ("smtp://127.0.0.1:8025", 8025, Encryption.NONE),
        ("smtp://[::1]:8025", 8025, Encryption.NONE),
        ("smtps://localhost", 465, Encryption.IMPLICIT),
    ],
)
def test_the_scheme_says_how_the_connection_is_protected(
    url: str, port: int, encryption: Encryption
) -> None:
    relay = parse_relay(url)

    assert (relay.port, relay.encryption) == (port, encryption)


def test_user_and_password_are_unquoted() -> None:
    relay = parse_relay("smtps://alerts%40clinic.example:p%3Ass@mail.example")

    assert (relay.username, relay.password) == ("alerts@clinic.example", "p:ss")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://hidden@mail.example",
        "smtp://",
        "smtp+tls://hidden@mail.example",
        "smtps+plain://hidden@mail.example",
        "smtp://hidden@mail.example:port",
        "smtp://hidden@mail.example:99999",
    ],
)
def test_a_url_that_names_no_relay_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP URL") as refusal:
        parse_relay(url)

    assert "hidden" not in str(refusal.value)


def test_a_relay_on_another_machine_is_never_spoken_to_in_the_clear() -> None:
    with pytest.raises(ValueError, match="needs TLS"):
        Relay(host="mail.example", port=25, encryption=Encryption.NONE)


@pytest.mark.parametrize(
    "host", ["localhost.evil.example", "127.0.0.1.nip.example", "10.0.0.1", ""]
)
def test_a_name_that_only_looks_local_is_not(host: str) -> None:
    assert not is_loopback(host)


def test_a_relay_does_not_show_its_password_in_a_log() -> None:
    assert "hidden" not in repr(parse_relay("smtps://user:hidden@mail.example"))
