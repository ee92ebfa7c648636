"""2. The row reaches every web process, in order. Knows no HTTP."""
