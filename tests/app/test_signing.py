import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
import svix
from hypothesis import example, given
from hypothesis import strategies as st

from app.signing import (
    InvalidSecret,
    SignatureRejected,
    new_secret,
    parse_secret,
    public_key,
    secret_hint,
    sign,
    verify,
)
from app.statuses import SignatureScheme

# The vector of the Standard Webhooks reference libraries, for both schemes.
MESSAGE_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
TIMESTAMP = 1614265330
BODY = b'{"test": 2432232314}'
HMAC_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HMAC_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
SEED_SECRET = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
SEED_SIGNATURE = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="

# Svix's server, with ed25519 keys that hold the seed and the public key; its signature is the specification's example.
PAIR_SECRET = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PAIR_SEED_SECRET = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
PAIR_PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
PAIR_SIGNATURE = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="

THEN = datetime.fromtimestamp(TIMESTAMP, UTC)

hmac_secrets = st.binary(min_size=24, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
message_ids = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="."), min_size=1)


def headers_for(
    *secrets: str, message_id: str = MESSAGE_ID, timestamp: int = TIMESTAMP, body: bytes = BODY
) -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign([parse_secret(secret) for secret in secrets], message_id, timestamp, body),
    }


def assert_rejected(
    headers: Mapping[str, str], reason: str, key: str = HMAC_SECRET, body: bytes = BODY, now: datetime = THEN
) -> None:
    with pytest.raises(SignatureRejected, match=reason):
        verify(key, headers, body, now)


@pytest.mark.parametrize(
    ("secret", "signature"),
    [
        pytest.param(HMAC_SECRET, HMAC_SIGNATURE, id="hmac"),
        pytest.param(SEED_SECRET, SEED_SIGNATURE, id="ed25519-seed"),
        pytest.param(PAIR_SECRET, PAIR_SIGNATURE, id="ed25519-seed-and-public-key"),
        pytest.param(PAIR_SEED_SECRET, PAIR_SIGNATURE, id="ed25519-the-same-as-a-seed"),
    ],
)
def test_published_signatures_are_made_and_verified(secret: str, signature: str) -> None:
    headers = headers_for(secret)

    assert headers["webhook-signature"] == signature
    verify(secret, headers, BODY, THEN)


def test_a_request_shaped_as_ours_is_verified_by_its_public_key() -> None:
    assert public_key(PAIR_SECRET) == PAIR_PUBLIC
    verify(PAIR_PUBLIC, headers_for(PAIR_SECRET), BODY, THEN)


def test_a_webhook_with_a_shared_secret_has_no_public_key() -> None:
    assert public_key(HMAC_SECRET) is None


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook])
@given(secret=hmac_secrets, message_id=message_ids, body=st.dictionaries(st.text(), st.text()))
def test_the_reference_libraries_verify_what_is_signed_here(
    library: type[standardwebhooks.Webhook | svix.Webhook], secret: str, message_id: str, body: dict[str, str]
) -> None:
    now = int(datetime.now(UTC).timestamp())
    text = json.dumps(body, ensure_ascii=False)
    headers = headers_for(secret, message_id=message_id, timestamp=now, body=text.encode())

    library(secret).verify(text, headers)


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook])
@given(secret=hmac_secrets, message_id=message_ids, body=st.text())
def test_what_the_reference_libraries_sign_is_verified_here(
    library: type[standardwebhooks.Webhook | svix.Webhook], secret: str, message_id: str, body: str
) -> None:
    signature = library(secret).sign(message_id, THEN, body)

    headers = {"Webhook-Id": message_id, "Webhook-Timestamp": str(TIMESTAMP), "Webhook-Signature": signature}
    verify(secret, headers, body.encode(), THEN)


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.Webhook])
def test_the_reference_libraries_verify_a_rotation_with_either_secret(
    library: type[standardwebhooks.Webhook | svix.Webhook],
) -> None:
    current, expiring = new_secret(SignatureScheme.HMAC_SHA256), new_secret(SignatureScheme.HMAC_SHA256)
    headers = headers_for(current, expiring, timestamp=int(datetime.now(UTC).timestamp()))

    library(current).verify(BODY, headers)
    library(expiring).verify(BODY, headers)


def test_a_rotation_signs_with_both_keys_the_current_one_first() -> None:
    headers = headers_for(SEED_SECRET, HMAC_SECRET)

    assert headers["webhook-signature"] == f"{SEED_SIGNATURE} {HMAC_SIGNATURE}"
    verify(SEED_SECRET, headers, BODY, THEN)
    verify(HMAC_SECRET, headers, BODY, THEN)


def test_signatures_of_other_schemes_and_broken_ones_do_not_hide_a_good_one() -> None:
    headers = headers_for(HMAC_SECRET)
    headers["webhook-signature"] = f"v2,abc nonsense v1,%%% v1, {PAIR_SIGNATURE} {HMAC_SIGNATURE}  v1"

    verify(HMAC_SECRET, headers, BODY, THEN)


@pytest.mark.parametrize("secret", [HMAC_SECRET, SEED_SECRET])
@pytest.mark.parametrize("part", ["webhook-id", "webhook-timestamp", "webhook-signature", "body"])
@given(data=st.data())
def test_any_changed_byte_is_rejected(secret: str, part: str, data: st.DataObject) -> None:
    request = {**headers_for(secret), "body": BODY.decode()}
    at = data.draw(st.integers(0, len(request[part]) - 1))
    character = data.draw(st.characters(codec="ascii").filter(lambda character: character != request[part][at]))
    request[part] = request[part][:at] + character + request[part][at + 1 :]

    with pytest.raises(SignatureRejected):
        verify(secret, request, request["body"].encode(), THEN, tolerance_seconds=10**12)


@pytest.mark.parametrize("prefix", ["whsec_", "whsk_"])
@given(keys=st.tuples(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)))
def test_only_the_secret_that_signed_verifies(prefix: str, keys: tuple[bytes, bytes]) -> None:
    # Of equal length: HMAC pads keys with zeros, so a key that ends in zeros equals the same key without them.
    secret, other = (prefix + base64.b64encode(key).decode() for key in keys)
    headers = headers_for(secret)

    verify(secret, headers, BODY, THEN)
    if other != secret:
        with pytest.raises(SignatureRejected):
            verify(other, headers, BODY, THEN)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_timestamp_within_five_minutes_is_accepted(seconds: int) -> None:
    verify(HMAC_SECRET, headers_for(HMAC_SECRET), BODY, THEN + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("seconds", "reason"), [(301, "is 301 s old; at most 300 s"), (-301, "is 301 s in the future; at most 300 s")]
)
def test_a_timestamp_further_off_is_rejected(seconds: int, reason: str) -> None:
    assert_rejected(headers_for(HMAC_SECRET), reason, now=THEN + timedelta(seconds=seconds))


def test_how_far_off_a_timestamp_may_be_can_be_chosen() -> None:
    later = THEN + timedelta(seconds=11)

    verify(HMAC_SECRET, headers_for(HMAC_SECRET), BODY, later, tolerance_seconds=11)
    with pytest.raises(SignatureRejected, match="at most 10 s"):
        verify(HMAC_SECRET, headers_for(HMAC_SECRET), BODY, later, tolerance_seconds=10)


@pytest.mark.parametrize("text", ["", "now", "1614265330.0", "+1614265330", " 1614265330", "1_614_265_330", "1" * 5000])
def test_a_timestamp_that_is_no_number_of_seconds_is_rejected(text: str) -> None:
    assert_rejected({**headers_for(HMAC_SECRET), "webhook-timestamp": text}, "webhook-timestamp is")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = headers_for(HMAC_SECRET)
    del headers[name]

    assert_rejected(headers, f"The header {name} is missing")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["é", "٣", "\udcff"])
def test_a_header_that_is_not_ascii_is_rejected_and_named(name: str, value: str) -> None:
    assert_rejected({**headers_for(HMAC_SECRET), name: value}, f"The header {name} holds characters")


def test_a_key_of_the_other_scheme_says_which_signature_it_missed() -> None:
    assert_rejected(headers_for(HMAC_SECRET), "holds no v1a signature", key=PAIR_PUBLIC)
    assert_rejected(headers_for(PAIR_SECRET), "holds no v1 signature", key=HMAC_SECRET)


def test_a_boundary_moved_between_id_timestamp_and_body_is_rejected() -> None:
    signature = sign([parse_secret(HMAC_SECRET)], "evt", TIMESTAMP, b"1614265330.{}")

    moved = {"webhook-id": f"evt.{TIMESTAMP}", "webhook-timestamp": str(TIMESTAMP), "webhook-signature": signature}
    assert_rejected(moved, "full stop", body=b"{}")


def test_no_id_with_a_full_stop_is_signed() -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign([parse_secret(HMAC_SECRET)], "evt.1", TIMESTAMP, BODY)


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(ValueError, match="no key"):
        sign([], MESSAGE_ID, TIMESTAMP, BODY)


@pytest.mark.parametrize("scheme", SignatureScheme)
def test_a_new_secret_is_of_its_scheme_and_never_the_same(scheme: SignatureScheme) -> None:
    made = {new_secret(scheme) for _ in range(100)}

    assert len(made) == 100
    assert {parse_secret(secret).scheme for secret in made} == {scheme}


def test_a_new_shared_secret_is_as_long_as_its_hash_and_needs_no_padding() -> None:
    secret = new_secret(SignatureScheme.HMAC_SHA256)

    assert len(base64.b64decode(secret.removeprefix("whsec_"))) >= 32
    assert "=" not in secret


def test_a_secret_is_recognised_by_its_last_four_characters() -> None:
    assert secret_hint(HMAC_SECRET) == "LaSw"


def encoded(prefix: str, length: int) -> str:
    return prefix + base64.b64encode(bytes(range(length))).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "begins with whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with whsec_"),
        ("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with whsec_"),
        (" whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "begins with whsec_"),
        ("whsec_", "has 0 bytes; a whsec_ secret is base64 of 24 to 64"),
        (encoded("whsec_", 23), "has 23 bytes; a whsec_ secret is base64 of 24 to 64"),
        (encoded("whsec_", 65), "has 65 bytes; a whsec_ secret is base64 of 24 to 64"),
        ("whsec_this is not base64, only a text", "follows whsec_ is not base64"),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n", "follows whsec_ is not base64"),
        ("whsec_ąęćłńóśźżąęćłńóśźżąęćłńóśźż", "follows whsec_ is not base64"),
        (encoded("whsec_", 32).rstrip("="), "follows whsec_ is not base64 with its padding"),
        (encoded("whsec_", 25)[:-3] + "h==", "follows whsec_ is not base64"),
        (encoded("whsk_", 31), "has 31 bytes; a whsk_ key is base64 of the 32-byte seed"),
        (encoded("whsk_", 33), "has 33 bytes; a whsk_ key is base64 of the 32-byte seed"),
        (encoded("whsk_", 64), "second half of this secret key is not the public key"),
        (PAIR_SECRET.rstrip("="), "follows whsk_ is not base64 with its padding"),
        (PAIR_PUBLIC, "is a public key, which cannot sign; the secret key begins with whsk_"),
    ],
)
def test_what_is_no_secret_is_refused_with_the_reason_and_not_shown(text: str, reason: str) -> None:
    with pytest.raises(InvalidSecret, match=reason) as caught:
        parse_secret(text)

    shown = f"{caught.value!r} {caught.value.__context__!r}"
    assert len(text) < 10 or (text.partition("_")[2] or text) not in shown


@pytest.mark.parametrize("length", [24, 64])
def test_the_shortest_and_the_longest_secret_of_the_specification_are_taken(length: int) -> None:
    secret = encoded("whsec_", length)

    verify(secret, headers_for(secret), BODY, THEN)


@given(st.text() | st.from_regex(r"wh(sec|sk|pk)_[A-Za-z0-9+/]*=*", fullmatch=True))
@example("whpk_")
@example("whsk_")
def test_any_text_is_a_key_or_refused(text: str) -> None:
    headers = headers_for(HMAC_SECRET)

    with pytest.raises((InvalidSecret, SignatureRejected)):
        verify(text, headers, BODY, THEN)


def test_a_public_key_of_another_length_is_refused() -> None:
    with pytest.raises(InvalidSecret, match="has 31 bytes; a whpk_ key is base64 of 32"):
        verify(encoded("whpk_", 31), headers_for(PAIR_SECRET), BODY, THEN)


@pytest.mark.parametrize("secret", [HMAC_SECRET, SEED_SECRET, PAIR_SECRET])
def test_a_secret_shows_in_no_repr(secret: str) -> None:
    key = parse_secret(secret)
    raw = base64.b64decode(secret.partition("_")[2])

    for shown in (repr(key), str(key), f"{key}"):
        assert secret.partition("_")[2] not in shown
        assert repr(raw) not in shown
        assert repr(raw[:32]) not in shown
        assert shown == f"SigningKey(scheme={key.scheme!r})"
