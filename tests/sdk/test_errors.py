"""What the client says when something is wrong: one sentence, which tells what to do."""

from __future__ import annotations

import pytest

from app.sdk.errors import (
    BadParameter,
    HistoryGone,
    NoKeys,
    NotInTime,
    NotOpen,
    NotReachable,
    OtherVersion,
    Refused,
    SdkError,
    ServiceFailed,
    TokenExpired,
)

MISSED = "Some of what was missed can't be replayed:"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (BadParameter("rate", -1, "be more than 0"), "rate=-1 must be more than 0."),
        (NoKeys("SECRET_KEY is not set."), "No token, and no key to sign one with: SECRET_KEY is not set."),
        (
            NotReachable("http://x", "refused"),
            "No getnotified answers at http://x (refused). Start one with `make run`, or give another address.",
        ),
        (
            OtherVersion("http://x", "2.0.0", "0.1.0"),
            "getnotified 2.0.0 answers at http://x, and this client is 0.1.0: use the client of that release.",
        ),
        (
            OtherVersion("http://x", None, "0.1.0"),
            "What answers at http://x is no getnotified 0.1.0: it tells no version at /healthz.",
        ),
        (
            Refused(401, "token_expired", "The token has expired."),
            "The service refused it (401 token_expired): The token has expired.",
        ),
        (
            Refused(422, "invalid_fields", "x", [{"loc": ["notifications", 3, "title_text"], "msg": "is too long"}]),
            "The service refused it (422 invalid_fields): notifications.3.title_text is too long",
        ),
        (Refused(404, "", "Not Found"), "The service refused it (404): Not Found"),
        (
            HistoryGone("pruned", "1-0"),
            f"{MISSED} it was pruned. The inbox tells what there is.",
        ),
        (
            HistoryGone("unknown", None),
            f"{MISSED} the last id is none of this service's. The inbox tells what there is.",
        ),
        (TokenExpired(), "The token has expired: open the stream again with a new one."),
        (NotInTime("notification 2 of 3", 1.5), "After 1.5 s still waiting for notification 2 of 3."),
        (
            ServiceFailed("did not start", "a\nPORT=x: no number\n"),
            "The local service did not start: PORT=x: no number",
        ),
        (NotOpen("is closed"), "The receiver is closed."),
        (ServiceFailed("did not start"), "The local service did not start."),
    ],
)
def test_every_error_is_one_sentence_and_nothing_else_in_a_notebook(error: SdkError, sentence: str) -> None:
    assert str(error) == sentence
    assert error._render_traceback_() == [f"✘ {sentence}"]
