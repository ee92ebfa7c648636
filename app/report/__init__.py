"""5. The account of it: what became of a notification, and of all of a kind in an hour."""
