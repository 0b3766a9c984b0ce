"""A real headless Chromium for the tests, driven through Playwright.

The browser is the system's: Playwright's own would have to be downloaded.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Playwright passes most of these itself, today; the tests depend on all of them.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class ChromiumUnavailable(RuntimeError):
    """There is no Chromium here; the message says what to install."""


@dataclass
class Browser:
    """A browser with one page, and what went wrong in it since it was opened.

    `failed_requests` holds the requests without an answer and those answered with an error.
    """

    page: Page
    console_errors: list[str] = field(default_factory=list)
    failed_requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", self._on_page_error)
        self.page.on("requestfailed", self._on_request_failed)
        self.page.on("response", self._on_response)

    def stub(self, url: str, body: str | bytes, content_type: str) -> None:
        """Answer requests for the URL, a glob as in `page.route`, in place of the network."""
        # The header lets pages of any origin use the file, as a CDN does.
        headers = {"Access-Control-Allow-Origin": "*"}
        self.page.route(
            url,
            lambda route: route.fulfill(body=body, content_type=content_type, headers=headers),
        )

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.console_errors.append(message.text)

    def _on_page_error(self, error: Error) -> None:
        self.console_errors.append(str(error))

    def _on_request_failed(self, request: Request) -> None:
        # An aborted request is one that the page gave up itself, as by going to another page.
        if request.failure != "net::ERR_ABORTED":
            self.failed_requests.append(f"{request.method} {request.url}: {request.failure}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            request = response.request
            self.failed_requests.append(f"{request.method} {request.url}: {response.status}")


def find_chromium() -> str | None:
    """The Chromium to run: the one that TASKROW_CHROMIUM names, else the first one in PATH."""
    found = filter(None, map(shutil.which, NAMES))
    return os.environ.get("TASKROW_CHROMIUM") or next(found, None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium with one fresh page, which shares nothing with any other.

    Playwright keeps an event loop in this thread meanwhile, so `asyncio.run` works only elsewhere.
    """
    executable = find_chromium()
    if executable is None:
        raise ChromiumUnavailable(
            "There is no Chromium: `apt-get install chromium`, or name one in TASKROW_CHROMIUM."
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        try:
            yield Browser(browser.new_page())
        finally:
            browser.close()
