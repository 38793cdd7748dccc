"""The desk as a web application, and how it is served.

Belongs here: the list of pages, the server. Does not belong here: the pages.
"""

import sys
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from pipelines.casework.published import Published
from pipelines.casework.store import Store, open_store
from pipelines.desk import checks, entrance, files, office, orders, pairs, transfers, visits
from pipelines.desk.web import Desk
from pipelines.errors import UsageError
from pipelines.storage import Home

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def create_app(home: Home, store: Store, *, loopback: bool = True, names: tuple[str, ...] = ()) -> Starlette:
    """The application.

    Args:
        home: whose batches it reads.
        store: the case store it writes.
        loopback: whether this machine alone can reach it.
        names: host names by which it may be called, besides this machine's own.
    """
    routes = [
        *entrance.PAGES,
        *visits.PAGES,
        *files.PAGES,
        *transfers.PAGES,
        *orders.PAGES,
        *checks.PAGES,
        *pairs.PAGES,
        *office.PAGES,
        Mount("/static", StaticFiles(directory=Path(__file__).with_name("static"))),
    ]
    # A page of another site must not reach a desk on this machine by a name of its own (DNS rebinding).
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *names])
    app = Starlette(routes=routes, middleware=[hosts])
    app.state.desk = Desk(home, store, Published(home, store), loopback)
    return app


def serve(home: Home, host: str, port: int, names: tuple[str, ...] = ()) -> None:
    """Serve the desk until it is stopped.

    Raises:
        UsageError: nobody has an account yet.
    """
    import uvicorn

    from pipelines.casework.accounts import accounts

    store = open_store(home)
    if not accounts(store):
        raise UsageError("还没有账号。请先运行 zhudong account add 名字 --role district（或 zhudong account demo）。")
    loopback = host in LOOPBACK
    app = create_app(home, store, loopback=loopback, names=(*names, *(() if loopback else (host,))))
    sys.stderr.write(f"办理台：http://{host}:{port}　（按 Ctrl+C 停止）\n")
    # No access log: addresses hold opaque numbers, and who read what stands in the store's own log.
    uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, server_header=False)
