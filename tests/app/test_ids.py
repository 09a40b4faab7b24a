import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.ids import (
    DELIVERY,
    EVENT,
    IdSequence,
    decode_suffix,
    encode_suffix,
    id_time,
    is_id,
    lowest_id,
    new_id,
    prefix_of,
)
from tests.patience import PATIENCE_SECONDS

NOW = datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

times = st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone

# From valid.yml of the TypeID specification 0.3.
VALID = {
    "00000000000000000000000000": "00000000-0000-0000-0000-000000000000",
    "00000000000000000000000001": "00000000-0000-0000-0000-000000000001",
    "0000000000000000000000000a": "00000000-0000-0000-0000-00000000000a",
    "0000000000000000000000000g": "00000000-0000-0000-0000-000000000010",
    "00000000000000000000000010": "00000000-0000-0000-0000-000000000020",
    "7zzzzzzzzzzzzzzzzzzzzzzzzz": "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "0123456789abcdefghjkmnpqrs": "0110c853-1d09-52d8-d73e-1194e95b5f19",
    "01h455vb4pex5vsknk084sn02q": "01890a5d-ac96-774b-bcce-b302099a8057",
}

# From invalid.yml of the same. Suffixes of all zeros are replaced by those of a UUIDv7, so that the fault named in each
# line is the only one.
INVALID = {
    "PREFIX_01h455vb4pex5vsknk084sn02q": "prefix-uppercase",
    "12345_01h455vb4pex5vsknk084sn02q": "prefix-numeric",
    "pre.fix_01h455vb4pex5vsknk084sn02q": "prefix-period",
    "préfix_01h455vb4pex5vsknk084sn02q": "prefix-non-ascii",
    "  prefix_01h455vb4pex5vsknk084sn02q": "prefix-spaces",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl_01h455vb4pex5vsknk084sn02q": "prefix-64-chars",
    "_01h455vb4pex5vsknk084sn02q": "separator-empty-prefix",
    "_": "separator-empty",
    "prefix_1234567890123456789012345": "suffix-short",
    "prefix_123456789012345678901234567": "suffix-long",
    "prefix_1234567890123456789012345 ": "suffix-spaces",
    "prefix_01H455VB4PEX5VSKNK084SN02Q": "suffix-uppercase",
    "prefix_123456789-123456789-123456": "suffix-hyphens",
    "prefix_ooooooiiiiiiuuuuuuulllllll": "suffix-wrong-alphabet",
    "prefix_oih455vb4pex5vsknk084sn02q": "suffix-ambiguous-crockford",
    "prefix_01h455vb4-pex5vsknk0-84sn02q": "suffix-hyphens-crockford",
    "prefix_81h455vb4pex5vsknk084sn02q": "suffix-overflow",
    "_prefix_01h455vb4pex5vsknk084sn02q": "prefix-underscore-start",
    "prefix__01h455vb4pex5vsknk084sn02q": "prefix-underscore-end",
}


def uuid_of(text: str) -> UUID:
    return UUID(int=decode_suffix(text[-26:]))


@pytest.mark.parametrize(("suffix", "uuid"), VALID.items())
def test_the_specifications_valid_ids_read_and_write_as_it_says(suffix: str, uuid: str) -> None:
    assert UUID(int=decode_suffix(suffix)) == UUID(uuid)
    assert encode_suffix(UUID(uuid).int) == suffix


@pytest.mark.parametrize("text", INVALID, ids=INVALID.values())
def test_the_specifications_invalid_ids_are_no_ids(text: str) -> None:
    assert prefix_of(text) is None


def test_the_specifications_uuidv7_is_an_id_made_when_it_says() -> None:
    text = "prefix_01h455vb4pex5vsknk084sn02q"

    assert prefix_of(text) == "prefix"
    assert is_id("prefix", text)
    assert id_time(text) == datetime.fromtimestamp(0x01890A5DAC96 / 1000, UTC)


def test_a_prefix_may_hold_underscores() -> None:
    assert prefix_of("pre_fix_01h455vb4pex5vsknk084sn02q") == "pre_fix"


@pytest.mark.parametrize(
    "suffix",
    [
        pytest.param("0123456789abcdefghjkmnpqrs", id="version-5"),
        pytest.param("01h455vb4pdx5vsknk084sn02q", id="version-6"),
        pytest.param("01h455vb4pgx5vsknk084sn02q", id="version-8"),
        pytest.param("00000000000000000000000000", id="nil"),
        pytest.param("01h455vb4pex5nsknk084sn02q", id="version-7-of-another-variant"),
        pytest.param("7zzzzzzzzzezz8zzzzzzzzzzzz", id="after-the-year-9999"),
    ],
)
def test_what_is_no_uuidv7_of_a_time_python_knows_is_no_id(suffix: str) -> None:
    assert not is_id("prefix", f"prefix_{suffix}")


@given(st.integers(0, 2**128 - 1))
def test_every_uuid_comes_back(uuid: int) -> None:
    assert decode_suffix(encode_suffix(uuid)) == uuid


@given(times)
@example(datetime(1970, 1, 1, tzinfo=UTC))
@example(datetime.max.replace(tzinfo=UTC))
def test_an_id_is_a_uuidv7_of_the_time_given(at: datetime) -> None:
    text = new_id(EVENT, at)

    assert is_id(EVENT, text)
    assert uuid_of(text).version == 7
    assert uuid_of(text).variant == RFC_4122
    assert timedelta(0) <= at - id_time(text) < MILLISECOND


@given(times, times)
def test_ids_of_different_milliseconds_sort_by_time(one: datetime, other: datetime) -> None:
    first, second = new_id(EVENT, one), new_id(EVENT, other)

    if id_time(first) != id_time(second):
        assert (first < second) == (one < other)


@given(st.lists(st.integers(-2000, 2000), min_size=2, max_size=200))
def test_ids_of_one_millisecond_sort_as_they_were_made_even_when_the_clock_jumps(jumps: list[int]) -> None:
    made = [new_id(EVENT, NOW + timedelta(microseconds=jump)) for jump in jumps]

    assert sorted(made) == sorted(made, key=id_time)  # sorted() keeps the order of calls among equals


def test_threads_never_make_the_same_id_and_each_sees_its_own_in_order() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    start = threading.Barrier(len(made))

    def make(ids: list[str]) -> None:
        start.wait(timeout=PATIENCE_SECONDS)
        ids.extend(new_id(EVENT, NOW) for _ in range(2000))

    threads = [threading.Thread(target=make, args=(ids,)) for ids in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=PATIENCE_SECONDS)

    assert len({text for ids in made for text in ids}) == 8 * 2000
    assert all(ids == sorted(ids) for ids in made)


def test_a_forked_process_does_not_go_on_with_its_parents_sequence() -> None:
    script = """
import os
from datetime import UTC, datetime
from app.ids import new_id

at = datetime(2026, 11, 23, tzinfo=UTC)
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, new_id("evt", at).encode())
    os._exit(0)
os.wait()
print(os.read(reader, 100).decode(), new_id("evt", at))
"""

    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    child, parent = (sequence_of(text) for text in ran.stdout.split())

    an_hour = 3600 * 10**6
    assert abs(child - parent) > an_hour


def sequence_of(text: str) -> int:
    """Return the 50 bits after the time: 12 before the variant, 38 after it."""
    uuid = uuid_of(text).int
    return (uuid >> 64 & 0xFFF) << 38 | (uuid >> 24 & (1 << 38) - 1)


def test_a_sequence_goes_up_by_one_while_its_clock_stands_still() -> None:
    sequence = IdSequence(lambda: 10**18)

    first = sequence.next()

    assert [sequence.next() for _ in range(3)] == [first + 1, first + 2, first + 3]


def test_a_sequence_follows_the_time_that_passes_and_not_the_number_of_ids_made() -> None:
    nanoseconds = 10**18
    sequence = IdSequence(lambda: nanoseconds)
    first = sequence.next()

    nanoseconds += 7_000_000

    assert sequence.next() == first - 1 + 7_000


def test_a_sequence_starts_at_random_and_fits_its_bits_for_longer_than_a_process_lives() -> None:
    nanoseconds = 10**18
    sequences = [IdSequence(lambda: nanoseconds) for _ in range(100)]

    nanoseconds += 10 * 365 * 24 * 3600 * 10**9

    assert len({sequence.next() for sequence in sequences}) == 100
    assert all(sequence.next() < 2**50 for sequence in sequences)


def test_the_last_24_bits_are_random_so_that_an_id_does_not_reveal_its_neighbours() -> None:
    low = {uuid_of(new_id(EVENT, NOW)).int & 0xFFFFFF for _ in range(100)}

    assert len(low) > 90


@given(times)
def test_the_lowest_id_of_a_millisecond_is_below_all_its_ids_and_above_all_earlier_ones(at: datetime) -> None:
    lowest = lowest_id(EVENT, at)

    assert lowest <= new_id(EVENT, at)
    assert is_id(EVENT, lowest)
    assert timedelta(0) <= at - id_time(lowest) < MILLISECOND
    if at >= datetime(1970, 1, 1, tzinfo=UTC) + MILLISECOND:
        assert new_id(EVENT, at - MILLISECOND) < lowest


def test_an_id_of_another_prefix_is_not_taken_for_this_one() -> None:
    text = new_id(DELIVERY, NOW)

    assert is_id(DELIVERY, text)
    assert not is_id(EVENT, text)
    assert prefix_of(text) == DELIVERY


@given(st.text() | st.from_regex(r"[a-z_]{0,65}_[0-7ef][0-9a-z]{25}\n?", fullmatch=True))
@example("evt_01h455vb4pex5vsknk084sn02q\n")
@example("evt_\N{ARABIC-INDIC DIGIT ZERO}1h455vb4pex5vsknk084sn02q")
def test_any_text_is_recognised_without_raising(text: str) -> None:
    prefix = prefix_of(text)

    if prefix is None:
        assert not is_id(EVENT, text)
        with pytest.raises(ValueError, match="is not an id"):
            id_time(text)
    else:
        assert text == f"{prefix}_{encode_suffix(uuid_of(text).int)}"
        assert id_time(text) >= datetime(1970, 1, 1, tzinfo=UTC)


@given(text=times.map(lambda at: new_id(EVENT, at)), at=st.integers(0, 29), character=st.characters(codec="ascii"))
def test_an_id_is_written_in_one_way_only(text: str, at: int, character: str) -> None:
    changed = text[:at] + character + text[at + 1 :]

    if changed != text and is_id(EVENT, changed):
        assert uuid_of(changed) != uuid_of(text)


def test_no_id_is_made_for_a_time_before_1970() -> None:
    with pytest.raises(ValueError, match="1970"):
        new_id(EVENT, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC))
    with pytest.raises(ValueError, match="1970"):
        lowest_id(EVENT, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC))


def test_no_id_is_made_for_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        new_id(EVENT, datetime(2026, 11, 23))  # noqa: DTZ001 - the point of the test
