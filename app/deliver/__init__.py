"""3. Each web process hands the log's entries to its browsers. Knows no Redis."""
