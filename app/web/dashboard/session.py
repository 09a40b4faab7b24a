"""POST and DELETE /dashboard/session: exchanges an API key for a session in a cookie that no script can read."""

from collections import OrderedDict

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.access import sessions, token_signer
from app.database.errors import DatabaseUnavailable
from app.errors import AccessDenied, Unauthenticated
from app.rates.bucket import Bucket, Limit
from app.resources import Resources
from graph.credentials import COOKIE, SECURE_COOKIE, require_own_origin, session_token
from graph.http import address_of

# Enough for a person who mistypes; guessing would take longer than the age of the universe.
_LIMIT = Limit(per_second=1, burst=10)
_MAX_ADDRESSES = 10_000
_MAX_KEY_BYTES = 2_000


class SignIn:
    """The endpoint. Each address may try a few times at once, then once a second."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def route(self) -> Route:
        """Return the route of the endpoint."""
        return Route("/dashboard/session", self._answer, methods=["POST", "DELETE"])

    async def _answer(self, request: Request) -> Response:
        try:
            require_own_origin(request)
            return await (self._open(request) if request.method == "POST" else self._end(request))
        except AccessDenied as error:
            return _refusal(401 if isinstance(error, Unauthenticated) else 403, str(error))
        except DatabaseUnavailable as error:
            return _refusal(503, str(error))

    async def _open(self, request: Request) -> Response:
        address = address_of(request)
        if wait := self._bucket(address or "").take(self._resources.clock.now().timestamp()):
            return _refusal(429, f"Too many tries to sign in. Try again in {wait:.0f} s.")
        authenticator = self._resources.authenticator
        caller = await authenticator.authenticate(await _key(request), address)
        if caller.api_key_id is None:
            raise Unauthenticated("Sign in with an API key.")
        token = await authenticator.sessions.open(caller.api_key_id)
        response = Response(status_code=204)
        _set_cookie(request, response, token)
        return response

    async def _end(self, request: Request) -> Response:
        if token := session_token(request):
            await self._resources.authenticator.sessions.end(token)
        response = Response(status_code=204)
        _set_cookie(request, response, "")
        return response

    def _bucket(self, address: str) -> Bucket:
        bucket = self._buckets.pop(address, None) or Bucket(_LIMIT, self._resources.clock.now().timestamp())
        self._buckets[address] = bucket
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket


async def _key(request: Request) -> str:
    try:
        body = orjson.loads((await request.body())[:_MAX_KEY_BYTES])
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("key"), str):
        raise Unauthenticated('The body must be JSON with the API key: {"key": "eev_…"}.')
    key = str(body["key"])
    if key.startswith((token_signer.PREFIX, sessions.PREFIX)):
        raise Unauthenticated("Sign in with an API key, not with a token that was made with one.")
    return key


def _set_cookie(request: Request, response: Response, token: str) -> None:
    """Set the cookie for as long as the browser runs, or delete it if the token is empty."""
    secure = request.url.scheme == "https"
    name = SECURE_COOKIE if secure else COOKIE
    max_age = None if token else 0
    response.set_cookie(name, token, max_age=max_age, path="/", secure=secure, httponly=True, samesite="strict")


def _refusal(status: int, message: str) -> Response:
    return Response(orjson.dumps({"error": message}), status, media_type="application/json")
