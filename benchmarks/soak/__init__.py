"""A soak: hours of customers who come and go, and whether the service is afterwards what it was before."""
