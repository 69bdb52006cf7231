"""A portal full of invented people and calls, for screenshots and for the tests in a browser."""
