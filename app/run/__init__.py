"""5. Keeping it running."""
