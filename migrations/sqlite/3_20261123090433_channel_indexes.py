from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "idx_notificatio_channel_7ba4cc";
        DROP INDEX IF EXISTS "idx_notificatio_channel_0ebd71";
        CREATE INDEX IF NOT EXISTS "notification_placed" ON "notification" ("channel", "position") WHERE position IS NOT NULL;
        CREATE INDEX IF NOT EXISTS "notification_waiting" ON "notification" ("channel", "position", "release_at") WHERE position IS NULL AND date_retracted IS NULL;
        CREATE INDEX IF NOT EXISTS "notification_collapsing" ON "notification" ("channel", "collapse_key", "position") WHERE collapse_key IS NOT NULL;"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        BEGIN IMMEDIATE;
        DROP INDEX IF EXISTS "notification_collapsing";
        DROP INDEX IF EXISTS "notification_waiting";
        DROP INDEX IF EXISTS "notification_placed";
        CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_0ebd71" ON "notification" ("channel", "collapse_key", "position");
        CREATE INDEX IF NOT EXISTS "idx_notificatio_channel_7ba4cc" ON "notification" ("channel", "position");"""


MODELS_STATE = (
    "eJztXWlz2zgS/SsofRmnSutK5CvJbm2VfGSijY8tW9nMTDLFQCQkoUyRCglG1mbz3xcN8C"
    "ZIkbIOSsMvLgtAg9BrCGi8bjR/tNxvJmXk8MJzmT0hTust+tGy8ITwfzJ1bdTC02lUAwUM"
    "D0zRWI+3GrjMwTrj5UNsuoQXGcTVHTpl1Lag9aexjRyiE/qduMiyGR1SHUOle4juLILYGD"
    "OEkUssgzgIBuSiARnaDkHYmtvQwjYN5LnIHiLKEHXRBBsEzSgbI4MMsWcy9xDGYtg6Hwy1"
    "Rpt9rGfRbx7RmD0ibCxw/fwnL6a84yfiBh+nj9qQEtNIwE4N6ECUa2w+FWXndNSz2DvRFr"
    "7UQNNt05tYUfvpnI1tKxSgFoPSEbGIgxkxYqqwPNP0tRYUydHyAuZ4JBymERX4340XgLQc"
    "QVTW0rTbu772cNXXtFZG2YFETBF+kc6B5xOFj9UVCIxgCH970+kcHZ11Xh6dvj45Pjs7ef"
    "3yNW8rxputOvspBxPBJbsSoPV+7d32YUA2n41ymkLBTyGDGZZSQhsR/EPquEwTnzJquBhj"
    "R62EpFRKGfxLLqOMoCDSRvRrCqFvrUsZE/ykmcQasTH/+OrlywKg/9O9v3jfvT/grV4k4b"
    "71qzqyDpCPkJ5QwzBJZahTYg3WZbA28RKTOiHU4FwGZzLB1KyCcSiwd/h2To5L4Mtb5eIr"
    "6pL4TjlGleZwKLB3+B51SsB71MlFF6pSi4Q9olalBSIQ2Dtw17QIWyMPjyquwZHMBlEm1o"
    "Ym8UmZSXySP4lP0iAzOiHafyuuEgmhDcL8sX+xGZxPy6zFp/lL8WlmJZ54HAvtkX89N4t0"
    "nzzlnFZSYpvDWnlweQa+BXj2r34Tx46Jyw/KcRwPbrq/CYgnc7/m+u7216B5DPeL67vzFN"
    "7fPEqYNnTsSZWJnZRaCm3/CPh8sNcxr8ssH/mrR2bxkHAxuzrEUqYBWAEwMB3Dx9hhGwoG"
    "WH+cYcfQEjWRJhLsjIIQ8cXffbgnpmikgl8SWLexru7t2e5p5Gcw5YJSf4iJqSt4rSl7Jl"
    "b3speNLsIbBMn1BmHnz0TqIdbVvsIFvObYX/OWR+pTrJd9QQmWMLtj5y1q2apJZ5IuwRa3"
    "6w3/2fAkH6+eQSZTmxFLn38g85aCkk+1aBcR8zRqqz36jRfy813kEK4Al0lKfIZdhHWdTL"
    "nikCfI8YAl/8VFvFeOypggl48SPiE84lihEWFuVJ6k2zPU/EaeqGDlP7dkr5qk0QGhP7fN"
    "1PvbT0PUFxL1Cb2VNdYSQls+fKyFt+iU4i06BbxFJ8Nb+MtGWYz95nuIbuekjDnMWxVQmp"
    "kzx8A25po7xp2T0yoop8T2EO3VcxYerUZWBO33AtxNExZ84SYaX29ZFvFLXgWUmxr1hGAK"
    "esOXPAz+WY0iNrl7Fumhd3P10O/e/DuhjMtu/wpqOglFBKUHp6kfQNgJ+tTrv0fwEf1xd3"
    "sl0LRdNnLEE6N2/T9aMCbsMVuz7JmGjTiQQXFQVOU4v04r+QY7j67KOJYVhTbxJGyy0BKG"
    "sBDHnklzk8NHoQJ5U8RsNBtTfYwOsGXICBDx+UXS7kRj/J2gASEWmjqeRYw2gvb3xKAut2"
    "SnXBl8piNelbWJN/zsFcesPEywaf5lolaOOmenofkLH4oM3oeb7vX1YgtXKk1JRxYdMxJi"
    "q0F423bBBg8cCXeoxqGs6BANRPbCZliHQVaT/SPNCit2EgVxnL+nxFfesiRLXIYvyHytP0"
    "TAltkehCGGK76MNOSFA/vpbUiLyMWcd4Ee+fZswaYwIEjHjkOJgeaEqUiWNT/xi/XF+gT8"
    "DcOPxOU9xp+HQHHQL4bncmm7Lfeurw4RULlf3/pP9vtso6mJdd43PNch/MMcPvAeTBPZsE"
    "nxfx1Scvf60YqmRksfY8sipm8UiW/dgvbkCbZFV/DDfhcql4QmByZmgP8Lbwlp/kXgA/r0"
    "/ur+KgK094D47xHdfry+bolFRj0UvpKYeOqSgKlbamh+J6DzBcOLP67sEMMhtcHnYBLMxT"
    "GrNMAZ5j0sHl0CPD4q1L29ROJw4M8XPhf8qsyAYyNrx08UVYYpp/86R8lHQvlQquInxEoA"
    "GHUfV240QFmfP7zlYAu/9qLhKUAK51+upempTM2PH3uXuSd4xWbs8eJDEFqPtdn6x9CzdG"
    "msw5Pgz/E/W5s/T8roGXlAjB/9xFdfYHvGfuYVTM+Y1FKWZ9rzWgfTfsNmZ2ytLWt2xpfn"
    "/TM718JpN96DTSFNvis5wIKQ6O9q7m8vEF5HXCmjzOSWL99fq8CclNpDrDulsO4UYN3JYi"
    "3cLmqo8/0ICaG9QHrTzgRuYZJKrptQYB9C8rbgusFVwA7aN1hXx3rqUNuhrJKHPS6zF8tJ"
    "imcsQzPms4zpJXuXHJG1meq74IlM2/M+21NFxTGxFSh4h5ayXdNvktCrouKkZKPlOms5Ro"
    "hW1HJSstFynbWc9nKUprnS3pE9MDc3QA/4GU8cxfkpl8hNyGw3huDVM8CVBG7n1fHZ8euj"
    "0+OQtw1LiuhaBTVrT+eaPazigIiJPMMJUbNJ+xyXQ3xeSq9vFTjjMg2einNOwvtW+bCTkG"
    "420TpvonEP7lK6jsk2mq6zpoO9WOmsKvLGpgRX4pDdtrm0MZdsJkwtq5CsNt7ZDqEj6wOZ"
    "C430+NixpSuzSmST6+2WJvKuRvJiB8/CyI30JOQQGPxAzgQI9/y3cd+76Mt4j0VXwpsbzm"
    "rEmyu7W7+ye+cY6uSZsqJdFDhqQ5OStxEggaUMrZxihyFqIWwh0YGMzYTIRzKYozHBjoso"
    "3Ia1p1RHnsWoCbGVY+wiCGIw1MkxV9j3M24TiIdWDM2Iy6zGJbLd0KMELfCmTOD1m/zA6z"
    "f+Tbj8cK8gfWtlGyMl2NgYS4d92Z5Dl1FAQq7Bf1n8HynTx8SqjH9SrsF/WfzFmRQCGUdL"
    "nmdjss2l0TqfZyX7AIbCcrxFINmwFnXTck2udgVHPIU9Hjv95VvkTqxRCZMcMwSp4QNLCB"
    "nUv5MLpfGrEdKOnvHdQiapIc53qhOR6wbyyqtM8pX2rUx/k763Fibyb9Lg1GifzLfcfd5e"
    "kCzLkv6RcBPlVLtFVeHiwcsqGjcbZ+11vNWjeN1+vNs5iyTuM1a7cKgQXeXlw/r+zhY4qg"
    "vcKWkL5JkulerpXmuK8kLXimKuJdwrF92Hi+7lVUu5vGzWebWrEKfWVDW82znlJBLQKo46"
    "6QS1+ecdN92yROqKAJhfXATTxOBgIw4jcSCFJ/gOpHegjSD3eDKBEaT3FNmLqMzzCa/QUu"
    "WqWMcjlEeg+E9CdJk5+3yOlzeHoNodgqR2MgoouPwYCOzh9Zm1BJFuKR9A7ZDejm+oORLU"
    "LASosaL2xIrqY9NU5liXFYV2EwublGOJB0SHvOT2UBgryVSNvBAoXXgxjp8BncBbR4MU6N"
    "zcgeqx7TnowCUEfeXDOhQD+Poihzhe6+OUhhS0h8owg4PLN2CjYZLrs6QVGVGB9kpeEQma"
    "79OmsrKbIk3Sk3UbpHJpKT9dw/bNfFXM14I7YmUizGtwTWwHl+LUy/SqQR+KNLAvDXtOoH"
    "QB6oFEA/rSoOfeWSrCPf+yUgN9eej9tLoq6C3szHM4hEgoBf1g7udY2jHwi3CEBD3tmKOY"
    "myDnvdvu/e/qHD9B+7jH6/z3/lVXvb9WhL4gMqPBvgL2qniJYtyVgRIN5oWY1yT6L7y7pC"
    "B14vea8nmd+B2qKr4w+V4Oe5LOe05dkTR96rljyGkOvIznBsQMdeBFHEPiEEsnyhfjrbJ7"
    "SNDeY+BPm7vA8gAzRK2B/dRG8FIUmV1dmJZ/R7aDDsTLbQUP5Lahx1nwcj7x5hA+IN8J94"
    "L/A6kO0JBLsTGkcA9GjU3bIl8sebUIrg2J1OkiXJE387PzRKGLc7hD1IQr7rbJUXDRCPJh"
    "VEziHZdpkj40rqFaTPEmWqyJFqsTyk202PYhrrGfs0scqo9VNrFfU2gR46jNIns4H9QVv1"
    "/ur2KwPZPjzzfFgLdXLqL5XqqYyB76qdbyel/4UVVA2G++h+iuxQvIn8iUntZ/Pdzd5p0m"
    "QpH0RRiqM/Q/ZFJ3F43fAnABjATLk0lcns5RnjLLoIPzbVM8P/8Pw3feVQ=="
)
