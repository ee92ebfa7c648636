"""1. A sender's POST becomes a durable row. Knows no Redis and no browser."""
