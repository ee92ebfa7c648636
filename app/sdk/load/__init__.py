"""Load from many virtual customers, and what became of every notification.

    from app.sdk.load import Plan, run

    result = run(deployment, Plan(customers=500, rate=100, seconds=20))
    print(result.table())
    result.quantile_ms("total", 0.99), result.lost

It opens its connections in processes of its own, sends at times that the answers do not change, and takes down when
each notification arrived where. A deployment's own customers see nothing of it: the virtual ones have numbers from
900,000,000 on (`app.sdk.load.plan.FIRST_CUSTOMER`).
"""

from app.sdk.load.plan import Plan
from app.sdk.load.result import LoadResult
from app.sdk.load.run import run

__all__ = ["LoadResult", "Plan", "run"]
