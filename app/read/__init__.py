"""4. What the customer did with it: inbox, receipts, subscriptions."""
