"""Mail: the server it goes through, and what is sent to people by it."""
