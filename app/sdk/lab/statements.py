"""What `app.sdk.lab.database` asks a database, in SQL of both dialects. Whole numbers take the places in braces.

Those about single notifications look at what was carried in a period alone, by the index of positions.
"""

from __future__ import annotations

ROWS_MAX = 1000  # of an answer

# The second (Unix time) in which something was received, by dialect.
SECOND = {
    "sqlite": "CAST(strftime('%s', r.date_received) AS INTEGER)",
    "postgres": "FLOOR(EXTRACT(EPOCH FROM r.date_received))",
}
# Placed in the period: a range of the index of positions. Not what takes another one back, and not what was taken back.
_PLACED = """FROM notification n WHERE n.position >= {first} AND n.position < {last}
  AND n.retracts IS NULL AND n.date_retracted IS NULL"""
# For one customer, by name; not the copies that stand for what was held, and not what they did not want to be told.
_PERSONAL = f"""{_PLACED} AND n.receiver_id IS NOT NULL AND n.copy_of IS NULL
  AND NOT EXISTS (SELECT 1 FROM withheld w WHERE w.notification_id = n.uid AND w.customer_id = n.receiver_id)"""
_IS_REACHED = """CASE WHEN EXISTS (SELECT 1 FROM receipt r WHERE r.notification_id = n.uid
  AND r.customer_id = n.receiver_id AND {received_second} <= (n.position >> 20) / 1000 + {within}) THEN 1 ELSE 0 END"""
REACHED_BY_KIND = f"""SELECT event, COUNT(*) AS sent, SUM(reached) AS reached FROM
  (SELECT n.event, {_IS_REACHED} AS reached {_PERSONAL}) AS each_one GROUP BY event ORDER BY event"""
NOT_REACHED = f"""SELECT receiver_id AS customer_id, COUNT(*) AS sent, MAX(position) AS last_sent,
  COUNT(*) OVER () AS customers FROM
  (SELECT n.receiver_id, n.position, {_IS_REACHED} AS reached {_PERSONAL}) AS each_one
  GROUP BY receiver_id HAVING SUM(reached) = 0 ORDER BY sent DESC, customer_id LIMIT {ROWS_MAX}"""
CUSTOMERS = f"SELECT COUNT(DISTINCT n.receiver_id) AS customers {_PERSONAL}"
# Orders' topics are as many as orders: they are one line. A copy stands for what was held for one customer.
BY_TOPIC = f"""SELECT topic, COUNT(*) AS sent, SUM(receivers) AS receivers, SUM(received) AS received,
  SUM(been_read) AS read FROM
  (SELECT CASE WHEN n.channel LIKE 'topic:order:%' THEN 'order:*' ELSE SUBSTR(n.channel, 7) END AS topic,
    n.receivers,
    (SELECT COUNT(*) FROM receipt r WHERE r.notification_id = n.uid)
    + (SELECT COUNT(*) FROM withheld w JOIN receipt r ON r.notification_id = w.copy_uid
      WHERE w.notification_id = n.uid) AS received,
    (SELECT COUNT(r.date_read) FROM receipt r WHERE r.notification_id = n.uid)
    + (SELECT COUNT(r.date_read) FROM withheld w JOIN receipt r ON r.notification_id = w.copy_uid
      WHERE w.notification_id = n.uid) AS been_read
    {_PLACED} AND n.receiver_id IS NULL) AS each_one GROUP BY topic ORDER BY receivers DESC, topic LIMIT {ROWS_MAX}"""
READ_AFTER = "SELECT event, read FROM tally WHERE hour >= {first} AND hour < {last}"
BOUNDS = "SELECT MIN(position) AS first, MAX(position) AS last FROM notification"
