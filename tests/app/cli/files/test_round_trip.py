"""Any state of a server: exported and applied, it changes nothing."""

from dataclasses import replace
from ipaddress import IPv4Network

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import BUILT_IN
from app.catalogue.event_type import EventCategory, EventType
from app.cli.files.exported import exported
from app.cli.files.plan import Options, plan
from app.cli.files.server_state import ServerEventType, ServerState, ServerWebhook
from app.cli.files.shape import entries
from app.cli.files.yaml_text import written
from app.statuses import AuthenticationKind, HttpMethod, Scope, SignatureScheme
from app.webhooks.credentials import MASK, Authentication, CustomHeader
from app.webhooks.fields import Configuration
from app.webhooks.urls import shown_url

# Text that the API returns; the rules of webhooks allow less.
TEXT = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20).map(lambda t: f"x{t}x")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=3,
)
HEADERS = st.lists(
    st.builds(CustomHeader, TEXT, TEXT) | st.builds(CustomHeader, TEXT, st.just(MASK), st.just(True)), max_size=2
).map(tuple)
LOGINS = st.sampled_from(
    [
        Authentication(),
        Authentication(AuthenticationKind.BEARER, credential=MASK),
        Authentication(AuthenticationKind.BASIC, "ada", MASK),
    ]
)
CONFIGURATIONS = st.builds(
    Configuration,
    name=TEXT,
    url=st.sampled_from(["https://a.example/", "https://b.example/?key=value&b", "http://127.0.0.1:9/x"]),
    event_types=st.lists(st.sampled_from(["*", "ticket.*", "gone.for_long"]), min_size=1, unique=True).map(tuple),
    description=st.none() | TEXT.map(lambda text: f"{text}\n{text}"),
    filter=st.none() | TEXT,
    method=st.sampled_from(HttpMethod),
    timeout_seconds=st.integers(1, 60),
    verify_ssl=st.booleans(),
    ip_allowlist=st.sampled_from([(), (IPv4Network("203.0.113.0/24"),)]),
    headers=HEADERS,
    authentication=LOGINS,
    rotate_secret_every_days=st.none() | st.integers(1, 365),
    retry_delays_seconds=st.lists(st.integers(1, 600), max_size=4).map(tuple),
    rate_limit_per_second=st.none() | st.integers(1, 100),
    max_in_flight=st.integers(1, 100),
    metadata=st.dictionaries(TEXT, JSON, max_size=3),
    external_id=st.none() | TEXT,
    signature_scheme=st.sampled_from(SignatureScheme),
)
EVENT_TYPES = st.builds(
    ServerEventType,
    st.builds(
        EventType,
        st.sampled_from(["order.shipped", "order.lost"]),
        st.just(EventCategory.CUSTOM),
        TEXT,
        st.dictionaries(TEXT, JSON, max_size=3),
        st.dictionaries(TEXT, JSON, max_size=3),
    ),
    st.booleans(),
) | st.builds(ServerEventType, st.sampled_from([*BUILT_IN.values()]), st.booleans())


@hypothesis.settings(max_examples=50)
@given(
    st.lists(CONFIGURATIONS, max_size=3, unique_by=lambda each: each.external_id or id(each)),
    st.lists(EVENT_TYPES, max_size=3),
    st.booleans(),
)
def test_what_is_exported_and_applied_changes_nothing(
    configurations: list[Configuration], event_types: list[ServerEventType], sees_queries: bool
) -> None:
    def seen(configuration: Configuration) -> Configuration:
        return configuration if sees_queries else replace(configuration, url=shown_url(configuration.url))

    state = ServerState(
        [ServerWebhook(f"wh_{number}", "now", seen(each)) for number, each in enumerate(configurations)],
        {known.event_type.name: known for known in event_types},
        frozenset(Scope),
    )

    found, faults = entries({"exported.yaml": written(exported(state)).encode()})
    steps, more = plan(found, state, Options({}))

    assert [str(fault) for fault in faults + more] == []
    assert steps == []
