"""getnotified: push notifications for a delivery service, over Server-Sent Events.

    sender ──POST──► accept ──commit──► database
                       ▼
                     carry ──XADD──► log ──► every web process
                                               ▼
                     deliver: window ─► hub ─► wire ──SSE──► browser
                       ▲                                        │
                       └─ window, else database, else `gap` ◄───┘ reconnects with Last-Event-ID
                     read: receipts ◄──POST── "received", "read"; inbox
                     report: what became of it

The folders are the legs of that journey, in its order: `accept`, `carry`, `deliver`, `read`, `report`; and `run`, which
keeps it running. No leg imports another; they meet in `wiring`. `sdk` is the Python client, which knows the service
from outside. What the service promises stands in the README.
"""

__version__ = "0.1.0"
