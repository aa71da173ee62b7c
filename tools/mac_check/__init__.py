"""Tries on a real Mac what Safehouse believes of macOS, and writes down how it went."""
