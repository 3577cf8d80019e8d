"""Read the JSON of a request as the standard means it, and make hostile texts storable.

Python's reader takes NaN, keeps one of two equal keys and lets half characters through; each of these breaks something
later. Here the first two are refused and the last is replaced. It knows no route.
"""

import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

# Escapes that can make a lone surrogate or a NUL; without one of them a text needs no second look.
SUSPECT = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
UNSTORABLE = re.compile("[\ud800-\udfff\x00]")
REPLACEMENT = "\ufffd"


def read_json(body: bytes, *, clean: bool = True) -> Any:
    """Parse `body`; raises json.JSONDecodeError for whatever is not JSON, too deep or ambiguous.

    With `clean`, lone surrogates and NULs become U+FFFD, one for one, so that offsets stay right. No database and no
    UTF-8 takes them.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once_each)
        return cleaned(value) if clean and SUSPECT.search(text) else value
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("the body is not UTF-8", "", error.start) from error
    except RecursionError as error:
        raise json.JSONDecodeError("the body is nested too deeply", "", 0) from error
    except ValueError as error:
        raise json.JSONDecodeError(str(error), "", 0) from error


def cleaned(value: Any) -> Any:
    """Replace what cannot be stored in every text of a JSON value, keys included."""
    if isinstance(value, str):
        return UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    if isinstance(value, dict):
        return {cleaned(key): cleaned(one) for key, one in value.items()}
    return value


class StrictRequest(Request):
    """A request whose JSON is read by `read_json`."""

    clean = True

    async def json(self) -> Any:
        """Return the parsed body; FastAPI turns a JSONDecodeError into a 422."""
        return read_json(await self.body(), clean=self.clean)


class RawTextRequest(StrictRequest):
    """One whose texts stay as sent, for the room that keeps the raw text and notes what it replaced."""

    clean = False


class StrictRoute(APIRoute):
    """A route that reads its body strictly; give it to a router as `route_class`."""

    request_class: type[StrictRequest] = StrictRequest

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Hand the endpoint a strict request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(self.request_class(request.scope, request.receive))

        return strict


class RawTextRoute(StrictRoute):
    """A strict route whose texts are not cleaned."""

    request_class = RawTextRequest


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object names one key twice")
    return found
