"""The nodes of the service: how each is, what they reported, and how long the disk lasts."""
