"""The REST API, and the tokens that programs use it with."""
