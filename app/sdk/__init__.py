"""The Python client: senders, receivers, and a service of one's own to try them with.

    from app.sdk import local_service

    with local_service() as service, service.sender("shop") as sender, service.receiver(42) as receiver:
        sender.send(receiver_id=42, title_text="Your order is ready")
        print(receiver.take()[0].title_text)

At a service that runs elsewhere: `Sender(url, token)`, or `GETNOTIFIED_URL` and `GETNOTIFIED_TOKEN`. Each class has a
twin for programs with a loop: `AsyncSender`. What goes wrong is an `SdkError`, in one sentence.
"""

from app.sdk.deployment import Deployment
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
from app.sdk.events import (
    Connected,
    Disconnected,
    Event,
    Farewell,
    Gap,
    Heartbeat,
    Notification,
    Receipt,
    Retract,
    Synced,
)
from app.sdk.frame import to_frame
from app.sdk.local import LocalService, local_service, opened
from app.sdk.ops import AsyncOps, Ops
from app.sdk.receiver import AsyncReceiver, Receiver
from app.sdk.sender import AsyncSender, Sender

__all__ = [
    "AsyncOps",
    "AsyncReceiver",
    "AsyncSender",
    "BadParameter",
    "Connected",
    "Deployment",
    "Disconnected",
    "Event",
    "Farewell",
    "Gap",
    "Heartbeat",
    "HistoryGone",
    "LocalService",
    "NoKeys",
    "NotInTime",
    "NotOpen",
    "NotReachable",
    "Notification",
    "Ops",
    "OtherVersion",
    "Receipt",
    "Receiver",
    "Refused",
    "Retract",
    "SdkError",
    "Sender",
    "ServiceFailed",
    "Synced",
    "TokenExpired",
    "local_service",
    "opened",
    "to_frame",
]
