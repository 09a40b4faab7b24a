"""Answers above some size are compressed for clients that accept it, and streams are not."""

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.web.compression import MIN_BYTES, Compression

PIECES = 4


async def text(request: Request) -> Response:
    """As many bytes as requested."""
    return PlainTextResponse("x" * int(request.query_params["bytes"]))


async def streamed(_: Request) -> Response:
    async def pieces() -> AsyncIterator[str]:
        for _ in range(PIECES):
            yield "x" * MIN_BYTES

    return StreamingResponse(pieces())


async def packed(_: Request) -> Response:
    return Response(b"x" * MIN_BYTES, headers={"content-encoding": "br"})


def client() -> httpx.AsyncClient:
    routes = [Route("/", text), Route("/streamed", streamed), Route("/packed", packed)]
    application = Starlette(routes=routes, middleware=[Middleware(Compression)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")


@pytest.mark.parametrize("size", [MIN_BYTES, 1_000_000])
async def test_an_answer_of_some_size_is_compressed_and_says_so(size: int) -> None:
    async with client() as http:
        response = await http.get("/", params={"bytes": size}, headers={"accept-encoding": "br, gzip"})

    assert response.text == "x" * size
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers["vary"] == "accept-encoding"
    assert int(response.headers["content-length"]) < size / 2


@pytest.mark.parametrize("accepted", ["", "identity", "br, zstd", "gzip;q=0", "gzip; q=0.000, br", "xgzip"])
async def test_a_client_that_does_not_accept_it_gets_the_answer_as_it_is(accepted: str) -> None:
    async with client() as http:
        response = await http.get("/", params={"bytes": MIN_BYTES}, headers={"accept-encoding": accepted})

    assert "content-encoding" not in response.headers
    assert response.headers["vary"] == "accept-encoding"
    assert response.text == "x" * MIN_BYTES


@pytest.mark.parametrize("accepted", ["gzip", "GZIP", "br,gzip;q=0.5", "deflate, gzip ; q=1.0, *;q=0"])
async def test_gzip_is_accepted_however_it_is_written(accepted: str) -> None:
    async with client() as http:
        response = await http.get("/", params={"bytes": MIN_BYTES}, headers={"accept-encoding": accepted})

    assert response.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("path", "encoding"), [(f"/?bytes={MIN_BYTES - 1}", None), ("/streamed", None), ("/packed", "br")]
)
async def test_small_answers_streams_and_compressed_ones_stay_as_they_are(path: str, encoding: str | None) -> None:
    async with client() as http, http.stream("GET", path, headers={"accept-encoding": "gzip"}) as response:
        content = b"".join([piece async for piece in response.aiter_raw()])

    assert response.headers.get("content-encoding") == encoding
    assert set(content) == set(b"x")
