"""PostgreSQL for Django with an end to every wait: see `base`."""
