"""That nothing was changed: the log of recordings, its signed days, its checks (DATA-7)."""
