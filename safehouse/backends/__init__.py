"""How an operating system enforces a policy."""
